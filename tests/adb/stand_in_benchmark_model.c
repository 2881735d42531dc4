/* Stands for the official benchmark_model on the rig: the same flags, and the output that its sources
 * describe (tensorflow/lite/tools/benchmark/benchmark_model.cc, litert/tools/benchmark_litert_model.h).
 * It runs no network: it adds up the model file's bytes, and times that.
 *
 * -DLITERT  LiteRT's tool instead of TensorFlow's.   -DOLD  a release that prints no percentiles.
 * -DGPU=n   how the GPU delegate fares: 0 not built in, 1 takes all nodes, 2 a part, 3 gives them back.
 */
#define _GNU_SOURCE
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef LITERT
static const char *kKnown[] = {"graph", "num_threads", "num_runs", "min_secs", "max_secs", "warmup_runs",
                               "warmup_min_secs", "use_cpu", "use_gpu", "dispatch_library_path", 0};
#else
static const char *kKnown[] = {"graph", "num_threads", "num_runs", "min_secs", "max_secs", "warmup_runs",
                               "warmup_min_secs", "use_xnnpack", "use_gpu", "use_nnapi",
                               "gpu_precision_loss_allowed", 0};
#endif

static const char *flag(int argc, char **argv, const char *name, const char *otherwise) {
  size_t length = strlen(name);
  for (int i = 1; i < argc; ++i)
    if (!strncmp(argv[i], "--", 2) && !strncmp(argv[i] + 2, name, length) && argv[i][2 + length] == '=')
      return argv[i] + 3 + length;
  return otherwise;
}

static int known(const char *word) {
  for (const char **name = kKnown; *name; ++name)
    if (!strncmp(word, "--", 2) && !strncmp(word + 2, *name, strlen(*name)) && word[2 + strlen(*name)] == '=')
      return 1;
  return 0;
}

static long long now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static unsigned char *content;
static size_t size;
static volatile unsigned sum;

static long long run_us(void) {
  long long start = now_us();
  for (size_t i = 0; i < size; i += 8) sum += content[i];
  return now_us() - start;
}

typedef struct {
  long long *values, first, last, min, max;
  int count;
  double mean, std;
} Stat;

static int ascending(const void *a, const void *b) {
  long long x = *(const long long *)a, y = *(const long long *)b;
  return x < y ? -1 : x > y;
}

static Stat measure(int runs, double min_secs, double max_secs) {
  Stat s = {.values = malloc(1000000 * sizeof(long long))};
  long long begin = now_us();
  double total = 0, squares = 0;
  while (s.count < 1000000 && (s.count < runs || now_us() - begin < min_secs * 1e6) &&
         now_us() - begin <= max_secs * 1e6) {
    s.last = s.values[s.count] = run_us();
    if (!s.count) s.first = s.min = s.max = s.last;
    if (s.last < s.min) s.min = s.last;
    if (s.last > s.max) s.max = s.last;
    total += s.last;
    squares += (double)s.last * s.last;
    ++s.count;
  }
  s.mean = total / s.count;
  s.std = sqrt(fmax(0, squares / s.count - s.mean * s.mean));
  qsort(s.values, s.count, sizeof *s.values, ascending);
  return s;
}

static void print_stat(const Stat *s) {
  printf("INFO: count=%d ", s->count);
  if (s->min == s->max) {
    printf("curr=%lld%s", s->last, s->count > 1 ? "(all same)" : "");
  } else {
    printf("first=%lld curr=%lld min=%lld max=%lld avg=%g std=%lld", s->first, s->last, s->min, s->max, s->mean,
           (long long)s->std);
  }
#ifndef OLD
  printf(" p5=%lld median=%lld p95=%lld", s->values[s->count * 5 / 100], s->values[s->count / 2],
         s->values[s->count * 95 / 100]);
#endif
  printf("\n\n");
}

#define XNNPACK "TfLiteXNNPackDelegate"
#ifdef LITERT
#define KIND "LITERT_CL"
#define SAY(...)
#else
#define KIND "TfLiteGpuDelegateV2"
#define SAY(...) printf("INFO: " __VA_ARGS__)
#endif

static void replace(int taken, int nodes, const char *kind) {
  fprintf(stderr, "VERBOSE: Replacing %d out of %d node(s) with delegate (%s) node, yielding 1 partitions.\n", taken,
          nodes, kind);
}

static void apply_gpu(void) {
#if GPU == 0
  SAY("GPU acceleration is unsupported on this platform.\n");
  replace(97, 97, XNNPACK);
#elif GPU == 3
  replace(97, 97, KIND);
  fprintf(stderr, "ERROR: Can not open OpenCL library on this device\n");
  replace(97, 97, XNNPACK);
  SAY("Though GPU delegate is explicitly applied, the model graph will not be executed by the delegate.\n");
#elif GPU == 2
  replace(90, 97, KIND);
  replace(7, 8, XNNPACK);
  fprintf(stderr, "INFO: Initialized OpenCL-based API.\nINFO: Created 1 GPU delegate kernels.\n");
  SAY("Explicitly applied GPU delegate, and the model graph will be partially executed by the delegate w/ 1 "
      "delegate kernels.\n");
#else
  replace(97, 97, KIND);
  fprintf(stderr, "INFO: Initialized OpenCL-based API.\nINFO: Created 1 GPU delegate kernels.\n");
  SAY("Explicitly applied GPU delegate, and the model graph will be completely executed by the delegate.\n");
#endif
}

int main(int argc, char **argv) {
  printf("INFO: STARTING!\n");
  for (int i = 1; i < argc; ++i)
    if (!known(argv[i])) printf("WARN: Unconsumed cmdline flags: %s\n", argv[i]);
  cpu_set_t cpus;
  if (!sched_getaffinity(0, sizeof cpus, &cpus)) fprintf(stderr, "on %d cores\n", CPU_COUNT(&cpus));
  long long begin = now_us();
  const char *graph = flag(argc, argv, "graph", "");
  FILE *file = fopen(graph, "rb");
  content = malloc(64 << 20);
  size = file ? fread(content, 1, 64 << 20, file) : 0;
  if (size < 8 || memcmp(content + 4, "TFL3", 4)) {
    fprintf(stderr, "ERROR: The model is not a valid Flatbuffer buffer\nERROR: Failed to load model %s\n", graph);
    fprintf(stderr, "ERROR: Benchmarking failed.\n");
    return 1;
  }
  if (!strcmp(flag(argc, argv, "use_gpu", "false"), "true")) apply_gpu();
  long long load_us = now_us() - begin;
  double max_secs = atof(flag(argc, argv, "max_secs", "150"));
  Stat warm = measure(atoi(flag(argc, argv, "warmup_runs", "1")), atof(flag(argc, argv, "warmup_min_secs", "0.5")),
                      max_secs);
  print_stat(&warm);
  Stat timed = measure(atoi(flag(argc, argv, "num_runs", "50")), atof(flag(argc, argv, "min_secs", "1")), max_secs);
  print_stat(&timed);
#ifdef LITERT
#define LINE(...) fprintf(stderr, "INFO: [./litert/tools/benchmark_litert_model.h:" __VA_ARGS__)
  LINE("72] \n========== BENCHMARK RESULTS ==========\n");
  LINE("73] Model initialization: %.2f ms\n", load_us / 1e3);
  LINE("75] Warmup (first):       %.2f ms\n", warm.first / 1e3);
  LINE("77] Warmup (avg):         %.2f ms (%d runs)\n", warm.mean / 1e3, warm.count);
  LINE("79] Inference (avg):      %.2f ms (%d runs)\n", timed.mean / 1e3, timed.count);
  LINE("83] Inference (min):      %.2f ms\n", timed.min / 1e3);
  LINE("85] Inference (max):      %.2f ms\n", timed.max / 1e3);
  LINE("87] Inference (std):      %.2f\n", timed.std / 1e3);
  LINE("105] Init footprint:       %.2f MB\n", 4.0);
  LINE("107] Overall footprint:    %.2f MB\n", 8.0);
#else
  printf("INFO: Inference timings in us: Init: %lld, First inference: %lld, Warmup (avg): %g, Inference (avg): %g\n",
         load_us, warm.first, warm.mean, timed.mean);
  printf("INFO: Memory footprint delta from the start of the tool (MB): init=%g overall=%g\n", 4.0, 8.0);
#endif
  return 0;
}
