/* The same of bionic's libdl.so. */
forward dl_iterate_phdr
forward dlclose
forward dlerror
forward dlopen
forward dlsym
