/* A stand-in for bionic's libdl.so at link time; see libc.S. */
.irp name, dlerror, dlopen, dlsym
.globl \name
.type \name, %function
\name: ret
.size \name, . - \name
.endr
