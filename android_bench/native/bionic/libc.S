/* A stand-in for bionic's libc.so at link time: the names that the runner takes from it. The linker
 * wants them to exist; the phone's own library serves them. */
.irp name, __errno, __libc_init, _exit, clock_gettime, close, lseek, malloc, memcmp, memcpy, memset, open, read, realloc, rename, strcmp, strerror, strlen, strncmp, strtod, strtol, syscall, unlink, vsnprintf, write
.globl \name
.type \name, %function
\name: ret
.size \name, . - \name
.endr
