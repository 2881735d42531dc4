/* libOpenCL.so of a phone without a GPU: Debian's OpenCL, whose processor answers when a GPU is asked for.
   All other functions are found in the library that this one needs. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

enum { GPU = 1 << 2, PROCESSOR = 1 << 1 };

typedef int (*get_devices)(void *platform, uint64_t kind, unsigned most, void **devices, unsigned *count);

int clGetDeviceIDs(void *platform, uint64_t kind, unsigned most, void **devices, unsigned *count) {
    get_devices real = (get_devices)dlsym(RTLD_NEXT, "clGetDeviceIDs");
    return real(platform, kind == GPU ? PROCESSOR : kind, most, devices, count);
}
