/* What the parts of the runner share. */
#ifndef FACEKP_RUNNER_H
#define FACEKP_RUNNER_H

#include "system.h"

/* Exit statuses; android_bench/phone reads them. */
enum failure {
  FINE = 0,
  BAD_USAGE = 2,
  BAD_ENGINE = 3,
  BAD_MODEL = 4,
  BAD_DELEGATE = 5,
  BAD_INVOKE = 6,
  BAD_FILE = 7,
};

enum { MOST_TENSORS = 16, MOST_DIMENSIONS = 8, MOST_CPUS = 1024, MOST_RUNS = 1000000 };

enum delegate { CPU, GPU, NNAPI };

struct request {
  const char *engine, *gpu_library, *model, *input, *output;
  enum delegate delegate;
  int threads, warmup, min_runs;
  double min_seconds, max_seconds;
  int cpus[MOST_CPUS];
  int cpu_count; /* 0: not to be pinned */
};

struct tensor {
  const char *name, *dtype;
  int rank;
  int64_t shape[MOST_DIMENSIONS];
  size_t bytes;
  void *data;
};

/* A model opened by an engine. An engine fills it in; the rest of the runner knows no engine. */
struct session {
  const char *engine, *version;
  int input_count, output_count;
  struct tensor inputs[MOST_TENSORS], outputs[MOST_TENSORS];
  /* Run once on what inputs[0].data holds; false after a failure, which the engine has logged. */
  bool (*invoke)(void);
  /* Bring `outputs` up to date after a run. */
  void (*read_outputs)(struct session *session);
};

/* Each opens the model of the request or ends the process with the right status. */
void open_tflite(const struct request *request, void *library, struct session *session);
void open_onnxruntime(const struct request *request, void *library, struct session *session);

/* arguments.c */
struct request read_arguments(int count, char **words);
const char *delegate_name(enum delegate delegate);

/* support.c */
__attribute__((format(printf, 1, 2))) void note(const char *format, ...);
__attribute__((format(printf, 2, 3), noreturn)) void fail(enum failure status, const char *format, ...);
void *allocate(size_t size);
int64_t now_ns(void);
int64_t status_kb(const char *field);
size_t read_start(const char *path, void *bytes, size_t room, enum failure status);
void *read_file(const char *path, size_t *size, enum failure status);
bool pin(const int *cpus, int count);
size_t bytes_of(const char *dtype);
void measure_tensor(struct tensor *tensor);

/* A file that appears whole or not at all: written beside its name, then renamed. */
struct output_file {
  const char *path;
  char *aside;
  int file;
};
struct output_file begin_output(const char *path);
void append(struct output_file *output, const void *bytes, size_t count);
void finish_output(struct output_file *output);

/* json.c */
struct result {
  double load_ms, first_ms;
  int warmup_runs, sample_count;
  int64_t *samples_ns;
  int64_t peak_kb, base_kb; /* -1: not told */
  bool pinned;
};
void print_result(const struct request *request, const struct session *session, const struct result *result);

#endif
