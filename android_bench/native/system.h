/* What the runner takes from the C library.
 *
 * The bionic build has no NDK, hence no headers: these declarations are all it sees. The glibc build
 * reads the real headers as well, so a declaration that is wrong here does not compile there.
 * Both C libraries agree on every type below on 64-bit ARM. */
#ifndef FACEKP_SYSTEM_H
#define FACEKP_SYSTEM_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __ANDROID__
struct timespec {
  long tv_sec;
  long tv_nsec;
};
int *__errno(void);
#define errno (*__errno())
enum { O_RDONLY = 0, O_WRONLY = 1, O_CREAT = 0100, O_TRUNC = 01000 };
enum { SEEK_SET = 0, SEEK_END = 2 };
enum { CLOCK_MONOTONIC = 1 };
enum { RTLD_NOW = 2 };
/* include/uapi/asm-generic/unistd.h of Linux */
enum { SYS_sched_setaffinity = 122, SYS_sched_getaffinity = 123 };
#else
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#endif

int open(const char *path, int flags, ...);
long read(int file, void *bytes, size_t count);
long write(int file, const void *bytes, size_t count);
long lseek(int file, long offset, int whence);
int close(int file);
int rename(const char *from, const char *to);
int unlink(const char *path);
void *malloc(size_t size);
void *realloc(void *block, size_t size);
void *memcpy(void *to, const void *from, size_t count);
void *memset(void *to, int byte, size_t count);
int memcmp(const void *a, const void *b, size_t count);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t count);
long strtol(const char *text, char **end, int base);
double strtod(const char *text, char **end);
char *strerror(int number);
int vsnprintf(char *to, size_t size, const char *format, va_list values);
int clock_gettime(int clock, struct timespec *time);
long syscall(long number, ...);
void *dlopen(const char *path, int flags);
void *dlsym(void *library, const char *name);
char *dlerror(void);
void _exit(int status) __attribute__((noreturn));

#endif
