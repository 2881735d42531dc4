/* A program as bionic's headers would compile it, to see whether the rig's libraries keep to bionic's
   layouts and constants. Every line of output is a finding that test_shim.py expects. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

typedef struct { int32_t private[10]; } mutex_t; /* 40 bytes, aligned to 4 */
typedef struct { int32_t private[12]; } cond_t;
typedef struct { int32_t private[14]; } rwlock_t;
typedef struct { char private[152]; } file_t;

extern file_t __sF[];
extern void *stdout;
extern void __libc_init(void *, void (*)(void), int (*)(int, char **, char **), void *);
extern int printf(const char *, ...), fprintf(void *, const char *, ...), fflush(void *), strcmp(const char *, const char *);
extern int *__errno(void), strerror_r(int, char *, size_t), __system_property_get(const char *, char *);
extern int open(const char *, int, ...);
extern long sysconf(int), syscall(long, ...);
extern int pthread_mutex_lock(mutex_t *), pthread_mutex_trylock(mutex_t *), pthread_mutex_unlock(mutex_t *);
extern int pthread_cond_wait(cond_t *, mutex_t *), pthread_cond_signal(cond_t *);
extern int pthread_rwlock_wrlock(rwlock_t *), pthread_rwlock_unlock(rwlock_t *);
extern int pthread_create(uintptr_t *, void *, void *(*)(void *), void *), pthread_join(uintptr_t, void **);
extern int sigfillset(uint64_t *), pthread_sigmask(int, const uint64_t *, uint64_t *);
extern int sched_setaffinity(int, size_t, const uint64_t *);
extern void *dlopen(const char *, int);
extern char *dlerror(void);

/* Each lock between two guards, as a structure that is aligned to 4 bytes may have it. */
static struct { int32_t before; mutex_t lock; int32_t after; } mutex = {11, {{0}}, 12}, recursive = {13, {{1 << 14}}, 14};
static struct { int32_t before; cond_t lock; int32_t after; } cond = {15, {{0}}, 16};
static struct { int32_t before; rwlock_t lock; int32_t after; } rwlock = {17, {{0}}, 18};
static int ready, count;

static void *worker(void *argument) {
  for (int i = 0; i < 1000; i++) {
    pthread_mutex_lock(&mutex.lock);
    count++;
    pthread_mutex_unlock(&mutex.lock);
    pthread_rwlock_wrlock(&rwlock.lock);
    pthread_rwlock_unlock(&rwlock.lock);
  }
  pthread_mutex_lock(&mutex.lock);
  ready++;
  pthread_cond_signal(&cond.lock);
  pthread_mutex_unlock(&mutex.lock);
  return argument;
}

static uint64_t guard(void) {
  uint64_t value;
  __asm__("mrs %0, tpidr_el0; ldr %0, [%0, #40]" : "=r"(value));
  return value;
}

static void locks(void) {
  uintptr_t threads[4];
  for (int i = 0; i < 4; i++) pthread_create(&threads[i], 0, worker, &threads[i]);
  pthread_mutex_lock(&mutex.lock);
  while (ready < 4) pthread_cond_wait(&cond.lock, &mutex.lock);
  pthread_mutex_unlock(&mutex.lock);
  void *answer = 0;
  for (int i = 0; i < 4; i++) pthread_join(threads[i], &answer);
  printf("threads counted to %d, the last answers %d\n", count, answer == &threads[3]);
  int first = pthread_mutex_lock(&recursive.lock), second = pthread_mutex_trylock(&recursive.lock);
  printf("recursive lock: %d %d\n", first, second);
  pthread_mutex_lock(&mutex.lock);
  printf("plain lock taken twice: %d\n", pthread_mutex_trylock(&mutex.lock));
  printf("around the locks: %d %d %d %d %d %d %d %d\n", mutex.before, mutex.after, recursive.before, recursive.after,
         cond.before, cond.after, rwlock.before, rwlock.after);
}

static void constants(void) {
  char text[128], value[92];
  printf("pages of %ld, %ld cores, %ld ticks\n", sysconf(0x28), sysconf(0x61), sysconf(0x06));
  int length = __system_property_get("ro.board.platform", value);
  printf("property %s of %d characters, absent one of %d\n", value, length, __system_property_get("ro.none", text));
  open("/none", 0);
  printf("error %d: %d %s\n", *__errno(), strerror_r(2, text, sizeof text), text);
  uint64_t sets[3] = {1, 2, 3};
  sigfillset(&sets[1]);
  pthread_sigmask(0, 0, &sets[1]);
  printf("signal sets: %ld %ld %ld\n", (long)sets[0], (long)sets[1], (long)sets[2]);
}

static void pinning(void) {
  uint64_t big = 0xF0, none = 0x300, seen = 0;
  printf("pinned: %d, beyond the cores: %d\n", sched_setaffinity(0, 8, &big), sched_setaffinity(0, 8, &none));
  printf("by number: %ld, cores %lx\n", syscall(123, 0, 8, &seen), (long)seen);
}

static int run(int arguments, char **values, char **environment) {
  uint64_t before = guard();
  printf("%d arguments, the last is %s\n", arguments, values[arguments - 1]);
  fprintf(&__sF[1], "through __sF\n");
  fprintf(stdout, "through stdout\n");
  fprintf(&__sF[2], "an error\n");
  locks();
  constants();
  pinning();
  printf("missing library: %d\n", dlopen("libnone.so", 2) == 0 && dlerror() != 0);
  printf("guard: %d\n", before == guard());
  return environment ? 42 : 1;
}

__attribute__((used)) static void begin(void *raw) { __libc_init(raw, 0, run, 0); }
__asm__(".globl _start\n_start: mov x0, sp\n b begin\n");
