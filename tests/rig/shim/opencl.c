/* libOpenCL.so of a phone without a GPU: Debian's OpenCL, whose processor answers when a GPU is asked for.
   All other functions are found in the library that this one needs. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>

enum { GPU = 1 << 2, PROCESSOR = 1 << 1, LARGEST_DEVICE_GROUP = 0x1004, LARGEST_KERNEL_GROUP = 0x11B0 };

/* A delegate that tunes itself tries all groups from 32 up to the largest, and every size is compiled anew,
   under qemu: with this one there are few to try. */
static const size_t LARGEST = 32;

typedef int (*get_devices)(void *platform, uint64_t kind, unsigned most, void **devices, unsigned *count);
typedef int (*get_device)(void *device, unsigned what, size_t size, void *value, size_t *needed);
typedef int (*get_kernel)(void *kernel, void *device, unsigned what, size_t size, void *value, size_t *needed);

static void limit(size_t *value) {
    if (value && *value > LARGEST) *value = LARGEST;
}

int clGetDeviceIDs(void *platform, uint64_t kind, unsigned most, void **devices, unsigned *count) {
    get_devices real = (get_devices)dlsym(RTLD_NEXT, "clGetDeviceIDs");
    return real(platform, kind == GPU ? PROCESSOR : kind, most, devices, count);
}

int clGetDeviceInfo(void *device, unsigned what, size_t size, void *value, size_t *needed) {
    get_device real = (get_device)dlsym(RTLD_NEXT, "clGetDeviceInfo");
    int failed = real(device, what, size, value, needed);
    if (!failed && what == LARGEST_DEVICE_GROUP) limit(value);
    return failed;
}

int clGetKernelWorkGroupInfo(void *kernel, void *device, unsigned what, size_t size, void *value, size_t *needed) {
    get_kernel real = (get_kernel)dlsym(RTLD_NEXT, "clGetKernelWorkGroupInfo");
    int failed = real(kernel, device, what, size, value, needed);
    if (!failed && what == LARGEST_KERNEL_GROUP) limit(value);
    return failed;
}
