/* What a library of forward.S does when it is loaded. It must call nothing that it forwards itself. */
extern void *forward_slots[] __attribute__((visibility("hidden")));
extern const char forward_names[] __attribute__((visibility("hidden")));
extern void bionic_fill(void **slots, const char *names, const char *glibc);

#ifdef WITH_DATA
#define EXPORTED __attribute__((visibility("default")))

/* The streams as old programs know them (an array of 3 FILEs of 152 bytes each, of which only the
   addresses matter) and as new ones do. */
EXPORTED char __sF[3 * 152];
EXPORTED void *stdin = __sF, *stdout = __sF + 152, *stderr = __sF + 2 * 152;
extern char *bionic_streams;

/* bionic keeps the guard of its stack frames at the thread pointer + 40. In a glibc thread that is in
   the first loaded library's thread-local storage: this one's, where nothing ever changes it. */
EXPORTED __thread char bionic_guard[64] __attribute__((aligned(16))) = {1};
#endif

__attribute__((constructor(101))) static void fill_slots(void) {
    bionic_fill(forward_slots, forward_names, GLIBC);
#ifdef WITH_DATA
    bionic_streams = __sF;
#endif
}
