/* The command line. */
#include "runner.h"

static const char *const DELEGATES[] = {"cpu", "gpu", "nnapi"};

const char *delegate_name(enum delegate delegate) { return DELEGATES[delegate]; }

static long whole(const char *option, const char *text, long low, long high) {
  char *end;
  long number = strtol(text, &end, 10);
  if (end == text || *end || number < low || number > high)
    fail(BAD_USAGE, "%s takes a whole number from %ld to %ld, not '%s'", option, low, high, text);
  return number;
}

static double seconds(const char *option, const char *text) {
  char *end;
  double number = strtod(text, &end);
  /* The negation also refuses nan. */
  if (end == text || *end || !(number >= 0 && number <= 1e6))
    fail(BAD_USAGE, "%s takes seconds from 0 to 1000000, not '%s'", option, text);
  return number;
}

static enum delegate delegate(const char *text) {
  for (int i = CPU; i <= NNAPI; i++)
    if (!strcmp(text, DELEGATES[i])) return (enum delegate)i;
  fail(BAD_USAGE, "--delegate takes cpu, gpu or nnapi, not '%s'", text);
}

static void cpus(const char *text, struct request *request) {
  for (request->cpu_count = 0;; text++) {
    char *end;
    long cpu = strtol(text, &end, 10);
    if (end == text || cpu < 0 || cpu >= MOST_CPUS || (*end && *end != ','))
      fail(BAD_USAGE, "--cpus takes processors with commas between, such as 4,5,6,7, not '%s'", text);
    for (int i = 0; i < request->cpu_count; i++)
      if (request->cpus[i] == cpu) fail(BAD_USAGE, "--cpus names processor %ld twice", cpu);
    request->cpus[request->cpu_count++] = (int)cpu;
    if (!*end) return;
    text = end;
  }
}

static void set_option(struct request *request, const char *name, const char *text) {
  if (!strcmp(name, "--engine")) request->engine = text;
  else if (!strcmp(name, "--gpu-library")) request->gpu_library = text;
  else if (!strcmp(name, "--model")) request->model = text;
  else if (!strcmp(name, "--input")) request->input = text;
  else if (!strcmp(name, "--output")) request->output = text;
  else if (!strcmp(name, "--delegate")) request->delegate = delegate(text);
  else if (!strcmp(name, "--threads")) request->threads = (int)whole(name, text, 1, MOST_CPUS);
  else if (!strcmp(name, "--cpus")) cpus(text, request);
  else if (!strcmp(name, "--warmup")) request->warmup = (int)whole(name, text, 0, MOST_RUNS);
  else if (!strcmp(name, "--min-runs")) request->min_runs = (int)whole(name, text, 1, MOST_RUNS);
  else if (!strcmp(name, "--min-seconds")) request->min_seconds = seconds(name, text);
  else if (!strcmp(name, "--max-seconds")) request->max_seconds = seconds(name, text);
  else fail(BAD_USAGE, "unknown option '%s'", name);
}

struct request read_arguments(int count, char **words) {
  struct request request = {
      .delegate = CPU, .threads = 1, .warmup = 20, .min_runs = 50, .min_seconds = 1, .max_seconds = 60};
  for (int i = 1; i < count; i += 2) {
    if (i + 1 == count) fail(BAD_USAGE, "%s needs a value after it", words[i]);
    set_option(&request, words[i], words[i + 1]);
  }
  if (!request.engine || !request.model || !request.input || !request.output)
    fail(BAD_USAGE,
         "usage: facekp_runner --engine LIB.so [--gpu-library LIB.so] --model M --input IN.bin --output OUT.bin "
         "[--delegate cpu|gpu|nnapi] [--threads N] [--cpus 4,5,6,7] [--warmup N] [--min-runs N] "
         "[--min-seconds S] [--max-seconds S]");
  if (request.delegate == GPU && !request.gpu_library)
    fail(BAD_USAGE, "--delegate gpu needs --gpu-library");
  return request;
}
