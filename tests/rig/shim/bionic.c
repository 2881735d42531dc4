/* libbionic.so: where bionic and glibc differ in names, constants or the layout of what they are given.
   Everything else of bionic that programs of the rig use is glibc's own function of the same name. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- Forwarding ---- */

/* Called by the libraries of forward.S. A name goes to bionic_NAME of this file, where there is one,
   else to NAME of the library `glibc`; a name that is in neither ends the program at once. */
void bionic_fill(void **slots, const char *names, const char *glibc) {
    void *real = dlopen(glibc, RTLD_NOW), *own = dlopen("libbionic.so", RTLD_NOW);
    for (const char *name = names; *name; name += strlen(name) + 1) {
        char replacement[80];
        snprintf(replacement, sizeof replacement, "bionic_%s", name);
        void *target = dlsym(own, replacement);
        if (!target) target = dlsym(real, name);
        if (!target) {
            dprintf(2, "rig: %s has no %s\n", glibc, name);
            abort();
        }
        *slots++ = target;
    }
}

/* ---- Start, errors, properties ---- */

/* The loader has run the libraries' constructors before it enters the program. */
void bionic___libc_init(void *raw, void (*at_exit)(void), int (*main)(int, char **, char **), void *arrays) {
    (void)at_exit;
    (void)arrays;
    int count = (int)*(long *)raw;
    char **arguments = (char **)raw + 1;
    exit(main(count, arguments, arguments + count + 1));
}

int *bionic___errno(void) { return __errno_location(); }

extern int __xpg_strerror_r(int, char *, size_t);
int bionic_strerror_r(int error, char *text, size_t size) { return __xpg_strerror_r(error, text, size); }

size_t bionic___strlen_chk(const char *text, size_t size) {
    size_t length = strlen(text);
    if (length >= size) abort();
    return length;
}

void bionic_android_set_abort_message(const char *text) { fprintf(stderr, "%s\n", text); }

/* The value of a line NAME=VALUE in /system/build.prop, at most 91 characters; its length. */
int bionic___system_property_get(const char *name, char *value) {
    char line[256];
    size_t length = strlen(name);
    FILE *properties = fopen("/system/build.prop", "r");
    *value = 0;
    while (properties && fgets(line, sizeof line, properties)) {
        if (strncmp(line, name, length) || line[length] != '=') continue;
        snprintf(value, 92, "%.*s", (int)strcspn(line + length + 1, "\n"), line + length + 1);
        break;
    }
    if (properties) fclose(properties);
    return (int)strlen(value);
}

/* bionic's constants are its own; only those that engines ask for are known. */
long bionic_sysconf(int what) {
    switch (what) {
    case 0x06: return sysconf(_SC_CLK_TCK);
    case 0x27:
    case 0x28: return sysconf(_SC_PAGESIZE);
    case 0x60: return sysconf(_SC_NPROCESSORS_CONF);
    case 0x61: return sysconf(_SC_NPROCESSORS_ONLN);
    case 0x62: return sysconf(_SC_PHYS_PAGES);
    case 0x63: return sysconf(_SC_AVPHYS_PAGES);
    default: errno = EINVAL; return -1;
    }
}

/* ---- Libraries: a bare name is looked for where a phone has its vendor's ---- */

void *bionic_dlopen(const char *name, int flags) {
    char path[512];
    if (name && !strchr(name, '/')) {
        snprintf(path, sizeof path, "/vendor/lib64/%s", name);
        if (!access(path, F_OK)) name = path;
    }
    return dlopen(name, flags);
}

/* ---- Streams: __sF[0..2] stand for stdin, stdout, stderr ---- */

char *bionic_streams;

static FILE *stream(void *given) {
    size_t offset = (size_t)((char *)given - bionic_streams);
    if (!bionic_streams || offset >= 3 * 152) return given;
    return offset == 0 ? stdin : offset == 152 ? stdout : stderr;
}

int bionic_vfprintf(void *to, const char *format, va_list values) {
    return vfprintf(stream(to), format, values);
}
int bionic_fprintf(void *to, const char *format, ...) {
    va_list values;
    va_start(values, format);
    int written = vfprintf(stream(to), format, values);
    va_end(values);
    return written;
}
size_t bionic_fwrite(const void *data, size_t size, size_t count, void *to) {
    return fwrite(data, size, count, stream(to));
}
size_t bionic_fread(void *data, size_t size, size_t count, void *from) {
    return fread(data, size, count, stream(from));
}
int bionic_fputc(int byte, void *to) { return fputc(byte, stream(to)); }
int bionic_putc(int byte, void *to) { return fputc(byte, stream(to)); }
int bionic_fputs(const char *text, void *to) { return fputs(text, stream(to)); }
int bionic_fflush(void *which) { return fflush(which ? stream(which) : NULL); }
int bionic_fclose(void *which) { return fclose(stream(which)); }
int bionic_fileno(void *which) { return fileno(stream(which)); }
int bionic_ferror(void *which) { return ferror(stream(which)); }
int bionic_feof(void *which) { return feof(stream(which)); }
int bionic_getc(void *from) { return fgetc(stream(from)); }
int bionic_fgetc(void *from) { return fgetc(stream(from)); }
char *bionic_fgets(char *line, int size, void *from) { return fgets(line, size, stream(from)); }
int bionic_setvbuf(void *which, char *buffer, int mode, size_t size) {
    return setvbuf(stream(which), buffer, mode, size);
}

/* ---- Locks: bionic's are smaller than glibc's and aligned to 4 bytes. Each holds a pointer to one of
   glibc's, made when it is first used, in its first 8 bytes that are aligned to 8. ---- */

static void **place(void *lock) { return (void **)(((uintptr_t)lock + 7) & ~(uintptr_t)7); }

/* A pointer is never so small: these are bionic's static initialisers, a mutex' type in bits 14 and 15. */
static int is_initialiser(const void *held) { return (uintptr_t)held < 0x10000; }

static void *boxed(void *lock, size_t size, void *(*make)(void *lock, size_t size)) {
    void **at = place(lock), *held = __atomic_load_n(at, __ATOMIC_ACQUIRE);
    if (!is_initialiser(held)) return held;
    void *made = make(lock, size);
    if (__atomic_compare_exchange_n(at, &held, made, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) return made;
    free(made);
    return held;
}

static void *make_zeroed(void *lock, size_t size) {
    (void)lock;
    return calloc(1, size);
}

static void *make_mutex(void *lock, size_t size) {
    pthread_mutex_t *made = calloc(1, size);
    pthread_mutexattr_t kind;
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_settype(&kind, (int)(*(uint32_t *)lock >> 14 & 3));
    pthread_mutex_init(made, &kind);
    return made;
}

static pthread_mutex_t *mutex(void *lock) { return boxed(lock, sizeof(pthread_mutex_t), make_mutex); }
static pthread_cond_t *cond(void *lock) { return boxed(lock, sizeof(pthread_cond_t), make_zeroed); }
static pthread_rwlock_t *rwlock(void *lock) { return boxed(lock, sizeof(pthread_rwlock_t), make_zeroed); }

static void *put(void *lock, size_t size) { return *place(lock) = calloc(1, size); }

static void drop(void *lock) {
    void **at = place(lock);
    if (!is_initialiser(*at)) free(*at);
    *at = NULL;
}

int bionic_pthread_mutex_init(void *lock, const pthread_mutexattr_t *kind) {
    return pthread_mutex_init(put(lock, sizeof(pthread_mutex_t)), kind);
}
int bionic_pthread_mutex_destroy(void *lock) { return drop(lock), 0; }
int bionic_pthread_mutex_lock(void *lock) { return pthread_mutex_lock(mutex(lock)); }
int bionic_pthread_mutex_trylock(void *lock) { return pthread_mutex_trylock(mutex(lock)); }
int bionic_pthread_mutex_unlock(void *lock) { return pthread_mutex_unlock(mutex(lock)); }

int bionic_pthread_cond_init(void *lock, const pthread_condattr_t *kind) {
    (void)kind; /* made by nobody here: pthread_condattr_init is not forwarded */
    put(lock, sizeof(pthread_cond_t));
    return 0;
}
int bionic_pthread_cond_destroy(void *lock) { return drop(lock), 0; }
int bionic_pthread_cond_signal(void *lock) { return pthread_cond_signal(cond(lock)); }
int bionic_pthread_cond_broadcast(void *lock) { return pthread_cond_broadcast(cond(lock)); }
int bionic_pthread_cond_wait(void *lock, void *held) { return pthread_cond_wait(cond(lock), mutex(held)); }
int bionic_pthread_cond_timedwait(void *lock, void *held, const struct timespec *until) {
    return pthread_cond_timedwait(cond(lock), mutex(held), until);
}

int bionic_pthread_rwlock_init(void *lock, const pthread_rwlockattr_t *kind) {
    (void)kind; /* likewise */
    put(lock, sizeof(pthread_rwlock_t));
    return 0;
}
int bionic_pthread_rwlock_destroy(void *lock) { return drop(lock), 0; }
int bionic_pthread_rwlock_rdlock(void *lock) { return pthread_rwlock_rdlock(rwlock(lock)); }
int bionic_pthread_rwlock_wrlock(void *lock) { return pthread_rwlock_wrlock(rwlock(lock)); }
int bionic_pthread_rwlock_unlock(void *lock) { return pthread_rwlock_unlock(rwlock(lock)); }

/* ---- Signals: a set is 64 bits in bionic, 1024 in glibc ---- */

int bionic_sigfillset(uint64_t *set) { return *set = ~(uint64_t)0, 0; }
int bionic_sigemptyset(uint64_t *set) { return *set = 0, 0; }

int bionic_pthread_sigmask(int how, const uint64_t *wanted, uint64_t *before) {
    sigset_t set, old;
    sigemptyset(&set);
    if (wanted) memcpy(&set, wanted, sizeof *wanted);
    int failed = pthread_sigmask(how, wanted ? &set : NULL, &old);
    if (!failed && before) memcpy(before, &old, sizeof *before);
    return failed;
}
int bionic_sigprocmask(int how, const uint64_t *wanted, uint64_t *before) {
    errno = bionic_pthread_sigmask(how, wanted, before);
    return errno ? -1 : 0;
}

/* ---- Pinning: the device has cores that the host may not have. Core n of the device is core n of the
   host's, counted round. ---- */

static cpu_set_t pinned_to, host_cores;

static int device_cores(void) { return (int)sysconf(_SC_NPROCESSORS_CONF); }

int bionic_sched_setaffinity(pid_t thread, size_t size, const cpu_set_t *wanted) {
    cpu_set_t chosen, given;
    CPU_ZERO(&chosen);
    CPU_ZERO(&given);
    memcpy(&given, wanted, size < sizeof given ? size : sizeof given);
    if (!CPU_COUNT(&host_cores)) sched_getaffinity(0, sizeof host_cores, &host_cores);
    for (int core = 0; core < device_cores(); core++) {
        if (!CPU_ISSET(core, &given)) continue;
        int left = core % CPU_COUNT(&host_cores), host = 0;
        while (!CPU_ISSET(host, &host_cores) || left-- > 0) host++;
        CPU_SET(host, &chosen);
    }
    /* None of them is a core of this device: an empty set, which the kernel refuses with EINVAL. */
    int failed = sched_setaffinity(thread, sizeof chosen, &chosen);
    if (!failed) pinned_to = given;
    return failed;
}

int bionic_sched_getaffinity(pid_t thread, size_t size, cpu_set_t *answer) {
    (void)thread;
    memset(answer, 0, size);
    cpu_set_t cores = pinned_to;
    for (int core = 0; !CPU_COUNT(&pinned_to) && core < device_cores(); core++) CPU_SET(core, &cores);
    memcpy(answer, &cores, size < sizeof cores ? size : sizeof cores);
    return 0;
}

/* Programs that know no sched.h ask the kernel by number; it answers with the bytes that it wrote. */
long bionic_syscall(long number, long a, long b, long c, long d, long e, long f) {
    size_t size = (size_t)b < sizeof(cpu_set_t) ? (size_t)b : sizeof(cpu_set_t);
    switch (number) {
    case SYS_sched_setaffinity: return bionic_sched_setaffinity((pid_t)a, size, (const cpu_set_t *)c);
    case SYS_sched_getaffinity: return bionic_sched_getaffinity((pid_t)a, size, (cpu_set_t *)c), (long)size;
    default: return syscall(number, a, b, c, d, e, f);
    }
}
