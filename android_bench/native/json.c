/* The result as one line of JSON on stdout. */
#include "runner.h"

static struct {
  char *text;
  size_t length, room;
} line;

static void put(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void put(const char *format, ...) {
  for (;;) {
    va_list values;
    va_start(values, format);
    int length = vsnprintf(line.text + line.length, line.room - line.length, format, values);
    va_end(values);
    if (length >= 0 && (size_t)length < line.room - line.length) {
      line.length += (size_t)length;
      return;
    }
    line.room = 2 * line.room + 4096;
    line.text = realloc(line.text, line.room);
    if (!line.text) fail(BAD_FILE, "no memory for the result");
  }
}

/* Names out of a model file are any bytes: those beyond ASCII are written as if they were Latin-1. */
static void put_string(const char *text) {
  put("\"");
  for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
    if (*c == '"' || *c == '\\') put("\\%c", *c);
    else if (*c < 0x20 || *c > 0x7e) put("\\u%04x", *c);
    else put("%c", *c);
  }
  put("\"");
}

static void put_tensors(const char *key, const struct tensor *tensors, int count) {
  put(", \"%s\": [", key);
  for (int i = 0; i < count; i++) {
    put("%s{\"name\": ", i ? ", " : "");
    put_string(tensors[i].name);
    put(", \"shape\": [");
    for (int k = 0; k < tensors[i].rank; k++) put("%s%lld", k ? ", " : "", (long long)tensors[i].shape[k]);
    put("], \"dtype\": \"%s\"}", tensors[i].dtype);
  }
  put("]");
}

static void put_memory(const char *key, int64_t kb) {
  if (kb < 0) put(", \"%s\": null", key);
  else put(", \"%s\": %lld", key, (long long)kb);
}

static void put_cpus(const struct request *request, bool pinned) {
  put(", \"cpus\": [");
  for (int i = 0; i < request->cpu_count; i++) put("%s%d", i ? ", " : "", request->cpus[i]);
  put("], \"pinned\": %s", !request->cpu_count ? "null" : pinned ? "true" : "false");
}

void print_result(const struct request *request, const struct session *session, const struct result *result) {
  put("{\"runner\": 1, \"engine\": \"%s\", \"engine_version\": ", session->engine);
  put_string(session->version);
  put(", \"delegate\": \"%s\", \"threads\": %d", delegate_name(request->delegate), request->threads);
  put_cpus(request, result->pinned);
  put(", \"load_ms\": %.6f, \"first_ms\": %.6f, \"warmup_runs\": %d, \"samples_ns\": [", result->load_ms,
      result->first_ms, result->warmup_runs);
  for (int i = 0; i < result->sample_count; i++) put("%s%lld", i ? ", " : "", (long long)result->samples_ns[i]);
  put("]");
  put_memory("peak_memory_kb", result->peak_kb);
  put_memory("base_memory_kb", result->base_kb);
  put_tensors("inputs", session->inputs, session->input_count);
  put_tensors("outputs", session->outputs, session->output_count);
  put("}\n");
  for (size_t done = 0; done < line.length;) {
    long count = write(1, line.text + done, line.length - done);
    if (count < 0) fail(BAD_FILE, "the result cannot be written: %s", strerror(errno));
    done += (size_t)count;
  }
}
