/* facekp_runner: time one model on one engine and keep its outputs.
 *
 * It reads K inputs of the model, runs each once and writes their outputs, then warms up and times
 * runs on the first. stdout: one line of JSON; stderr: the engine's log, notes and, at a failure, one
 * line "error: ...". Exit statuses stand in runner.h. docs/guides/phones.md tells how it is used. */
#include "runner.h"

static void invoke(struct session *session, const char *which) {
  if (!session->invoke()) fail(BAD_INVOKE, "the engine failed to run the model (%s)", which);
}

static void *open_engine(const struct request *request) {
  void *library = dlopen(request->engine, RTLD_NOW);
  if (!library) fail(BAD_ENGINE, "%s cannot be opened: %s", request->engine, dlerror());
  return library;
}

/* Find out by its symbols which engine the library is. */
static void open_session(const struct request *request, void *library, struct session *session) {
  if (dlsym(library, "OrtGetApiBase")) open_onnxruntime(request, library, session);
  else if (dlsym(library, "TfLiteVersion")) open_tflite(request, library, session);
  else fail(BAD_ENGINE, "%s has neither TfLiteVersion nor OrtGetApiBase", request->engine);
}

static void append_outputs(struct output_file *output, const struct session *session) {
  for (int i = 0; i < session->output_count; i++) {
    const struct tensor *tensor = &session->outputs[i];
    if (tensor->bytes && !tensor->data)
      fail(BAD_INVOKE, "the engine keeps nothing of the output '%s'", tensor->name);
    append(output, tensor->data, tensor->bytes);
  }
}

/* Run every input once and write its outputs; the milliseconds of the very first run. */
static double keep_outputs(const struct request *request, struct session *session, const char *inputs, size_t count) {
  struct output_file output = begin_output(request->output);
  struct tensor *input = &session->inputs[0];
  double first_ms = 0;
  for (size_t i = 0; i < count; i++) {
    memcpy(input->data, inputs + i * input->bytes, input->bytes);
    int64_t start = now_ns();
    bool fine = session->invoke();
    if (i == 0) first_ms = (double)(now_ns() - start) / 1e6;
    if (!fine) fail(BAD_INVOKE, "the engine failed to run the model on input %zu", i);
    session->read_outputs(session);
    append_outputs(&output, session);
  }
  finish_output(&output);
  return first_ms;
}

static void time_runs(const struct request *request, struct session *session, struct result *result) {
  double limit = request->max_seconds * 1e9;
  int64_t start = now_ns(), inside = 0;
  for (; result->warmup_runs < request->warmup && (double)(now_ns() - start) < limit; result->warmup_runs++)
    invoke(session, "warm-up");
  int room = 0;
  start = now_ns();
  for (int runs = 0; runs < MOST_RUNS;) {
    if (runs == room) {
      room = 2 * room + 1024;
      result->samples_ns = realloc(result->samples_ns, (size_t)room * sizeof(int64_t));
      if (!result->samples_ns) fail(BAD_FILE, "no memory for the samples");
    }
    int64_t before = now_ns();
    invoke(session, "timed run");
    int64_t after = now_ns();
    result->samples_ns[runs++] = after - before;
    result->sample_count = runs;
    inside += after - before;
    if (runs >= request->min_runs && (double)inside >= request->min_seconds * 1e9) return;
    if ((double)(after - start) >= limit) return;
  }
}

int main(int count, char **words) {
  struct request request = read_arguments(count, words);
  static struct session session;
  struct result result = {0};
  if (request.cpu_count) result.pinned = pin(request.cpus, request.cpu_count);
  size_t size;
  char *inputs = read_file(request.input, &size, BAD_FILE);
  void *engine = open_engine(&request); /* an app has it before it comes to a model, as the host does */
  result.base_kb = status_kb("VmRSS");
  int64_t start = now_ns();
  open_session(&request, engine, &session);
  result.load_ms = (double)(now_ns() - start) / 1e6;
  size_t one = session.inputs[0].bytes;
  if (!one || !size || size % one)
    fail(BAD_FILE, "%s holds %zu bytes, which is no multiple of the %zu that one input takes", request.input, size, one);
  result.first_ms = keep_outputs(&request, &session, inputs, size / one);
  memcpy(session.inputs[0].data, inputs, one);
  time_runs(&request, &session, &result);
  result.peak_kb = status_kb("VmHWM");
  print_result(&request, &session, &result);
  _exit(FINE); /* as in fail(): engines are not closed */
}
