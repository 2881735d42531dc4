/* Messages, files, clock, memory, processors. */
#include "runner.h"

static void say(const char *prefix, const char *format, va_list values) {
  char line[1024];
  size_t start = strlen(prefix);
  memcpy(line, prefix, start);
  int length = vsnprintf(line + start, sizeof line - start - 1, format, values);
  size_t end = length < 0 ? start : start + (size_t)length;
  if (end > sizeof line - 2) end = sizeof line - 2;
  /* One message is one line, whatever a library's error text holds. */
  for (size_t i = start; i < end; i++)
    if (line[i] == '\n' || line[i] == '\r') line[i] = ' ';
  line[end++] = '\n';
  if (write(2, line, end) < 0) return; /* nowhere left to complain */
}

void note(const char *format, ...) {
  va_list values;
  va_start(values, format);
  say("note: ", format, values);
  va_end(values);
}

/* What an output file is called until it is finished; fail() takes it away. */
static char *unfinished;

/* Engines are not closed: their destructors may crash, which would hide the true status. */
void fail(enum failure status, const char *format, ...) {
  va_list values;
  va_start(values, format);
  say("error: ", format, values);
  va_end(values);
  if (unfinished) unlink(unfinished);
  _exit(status);
}

void *allocate(size_t size) {
  void *block = malloc(size ? size : 1);
  if (!block) fail(BAD_FILE, "no memory for %zu bytes", size);
  return block;
}

int64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* A field of /proc/self/status such as "VmHWM", in kB; -1 where the system does not tell. Not
 * getrusage, whose maximum also counts what the parent held when it forked. */
int64_t status_kb(const char *field) {
  char text[4096];
  int file = open("/proc/self/status", O_RDONLY);
  if (file < 0) return -1;
  long length = read(file, text, sizeof text - 1);
  close(file);
  if (length <= 0) return -1;
  text[length] = 0;
  size_t name = strlen(field);
  for (const char *line = text; *line;) {
    if (!strncmp(line, field, name) && line[name] == ':') return strtol(line + name + 1, NULL, 10);
    while (*line && *line != '\n') line++;
    if (*line) line++;
  }
  return -1;
}

/* Up to `room` bytes from the start of a file; how many there were. */
size_t read_start(const char *path, void *bytes, size_t room, enum failure status) {
  int file = open(path, O_RDONLY);
  if (file < 0) fail(status, "%s cannot be opened: %s", path, strerror(errno));
  long count = read(file, bytes, room);
  if (count < 0) fail(status, "%s cannot be read: %s", path, strerror(errno));
  close(file);
  return (size_t)count;
}

void *read_file(const char *path, size_t *size, enum failure status) {
  int file = open(path, O_RDONLY);
  if (file < 0) fail(status, "%s cannot be opened: %s", path, strerror(errno));
  long length = lseek(file, 0, SEEK_END);
  /* Some file systems call a folder the longest file there can be. */
  if (length < 0 || length > INT32_MAX || lseek(file, 0, SEEK_SET) < 0)
    fail(status, "%s is no plain file of at most 2 GB", path);
  char *bytes = allocate((size_t)length);
  for (long done = 0; done < length;) {
    long count = read(file, bytes + done, (size_t)(length - done));
    if (count < 0) fail(status, "%s cannot be read: %s", path, strerror(errno));
    if (count == 0) fail(status, "%s became shorter while it was read", path);
    done += count;
  }
  close(file);
  *size = (size_t)length;
  return bytes;
}

struct output_file begin_output(const char *path) {
  size_t length = strlen(path);
  struct output_file output = {path, allocate(length + 6), -1};
  memcpy(output.aside, path, length);
  memcpy(output.aside + length, ".part", 6);
  output.file = open(output.aside, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (output.file < 0) fail(BAD_FILE, "%s cannot be written: %s", path, strerror(errno));
  unfinished = output.aside;
  return output;
}

void append(struct output_file *output, const void *bytes, size_t count) {
  for (size_t done = 0; done < count;) {
    long written = write(output->file, (const char *)bytes + done, count - done);
    if (written < 0) fail(BAD_FILE, "%s cannot be written: %s", output->path, strerror(errno));
    done += (size_t)written;
  }
}

void finish_output(struct output_file *output) {
  if (close(output->file) < 0 || rename(output->aside, output->path) < 0)
    fail(BAD_FILE, "%s cannot be written: %s", output->path, strerror(errno));
  unfinished = NULL;
}

/* Threads that the engine starts inherit the set. Android's cpusets cut a set silently to what they
 * allow, so only what the kernel then reports is believed. */
bool pin(const int *cpus, int count) {
  enum { BITS = 8 * sizeof(unsigned long), WORDS = MOST_CPUS / BITS };
  unsigned long asked[WORDS], granted[WORDS];
  memset(asked, 0, sizeof asked);
  memset(granted, 0, sizeof granted);
  for (int i = 0; i < count; i++) asked[cpus[i] / BITS] |= 1ul << (cpus[i] % BITS);
  if (syscall(SYS_sched_setaffinity, 0l, sizeof asked, asked) < 0) {
    note("the system refused to pin to the processors asked for: %s", strerror(errno));
    return false;
  }
  if (syscall(SYS_sched_getaffinity, 0l, sizeof granted, granted) < 0 ||
      memcmp(asked, granted, sizeof asked)) {
    note("the system granted only a part of the processors asked for");
    return false;
  }
  return true;
}

static const struct {
  const char *dtype;
  size_t bytes;
} DTYPES[] = {
    {"bool", 1},  {"int8", 1},    {"uint8", 1}, {"int16", 2},  {"uint16", 2}, {"float16", 2},
    {"int32", 4}, {"uint32", 4}, {"float32", 4}, {"int64", 8}, {"uint64", 8}, {"float64", 8},
};

/* Bytes of one element; 0 for what holds no numbers. */
size_t bytes_of(const char *dtype) {
  for (size_t i = 0; i < sizeof DTYPES / sizeof *DTYPES; i++)
    if (!strcmp(dtype, DTYPES[i].dtype)) return DTYPES[i].bytes;
  return 0;
}

/* Set `bytes` from shape and type. A dimension that the file leaves open counts as 1. */
void measure_tensor(struct tensor *tensor) {
  size_t bytes = bytes_of(tensor->dtype);
  if (!bytes) fail(BAD_MODEL, "the tensor '%s' holds %s, not numbers", tensor->name, tensor->dtype);
  for (int i = 0; i < tensor->rank; i++) {
    if (tensor->shape[i] < 0) tensor->shape[i] = 1;
    if (__builtin_mul_overflow(bytes, (size_t)tensor->shape[i], &bytes))
      fail(BAD_MODEL, "the tensor '%s' is too large", tensor->name);
  }
  tensor->bytes = bytes;
}
