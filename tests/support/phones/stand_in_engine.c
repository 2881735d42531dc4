/* A stand-in for TensorFlow Lite's C API, for what the true one does not do on demand.
 *
 * The model is one float32 tensor [2, 3] in, its double out. What goes wrong is chosen by words in the
 * environment variable STAND_IN. Built with -DINCOMPLETE it lacks TfLiteInterpreterInvoke. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct tensor {
  float data[6];
};
static struct tensor in, out;
static int delegates;

static int says(const char *word) {
  const char *words = getenv("STAND_IN");
  return words && strstr(words, word) != NULL;
}

/* What a library does as it is opened, which is not the model's: half a second, and 40 MB. */
void *kept; /* or the compiler leaves it out */
__attribute__((constructor)) static void opened(void) {
  if (!says("slow-to-open")) return;
  kept = memset(malloc(40 << 20), 1, 40 << 20);
  usleep(500000);
}

const char *TfLiteVersion(void) { return "0.\"1\"\\"; }
void *TfLiteModelCreateFromFile(const char *path) { return says("no-model") ? NULL : (void *)path; }
void *TfLiteInterpreterOptionsCreate(void) { return &in; }
void TfLiteInterpreterOptionsSetNumThreads(void *options, int32_t threads) {
  (void)options;
  fprintf(stderr, "threads %d\n", threads);
}
void TfLiteInterpreterOptionsAddDelegate(void *options, void *delegate) {
  (void)options;
  delegates += delegate != NULL;
}
void *TfLiteInterpreterCreate(const void *model, const void *options) {
  (void)model;
  (void)options;
  fprintf(stderr, "delegates %d\n", delegates);
  return says("no-interpreter") ? NULL : &in;
}
int TfLiteInterpreterAllocateTensors(void *interpreter) { return interpreter == NULL || says("no-memory"); }
int32_t TfLiteInterpreterGetInputTensorCount(const void *interpreter) {
  (void)interpreter;
  return says("two-inputs") ? 2 : 1;
}
void *TfLiteInterpreterGetInputTensor(const void *interpreter, int32_t index) {
  (void)interpreter;
  (void)index;
  return &in;
}
int32_t TfLiteInterpreterGetOutputTensorCount(const void *interpreter) {
  (void)interpreter;
  return says("many-outputs") ? 17 : 1;
}
const void *TfLiteInterpreterGetOutputTensor(const void *interpreter, int32_t index) {
  (void)interpreter;
  (void)index;
  return &out;
}
#ifndef INCOMPLETE
static int runs;
int TfLiteInterpreterInvoke(void *interpreter) {
  (void)interpreter;
  fprintf(stderr, "run on %g\n", in.data[0]);
  for (int i = 0; i < 6; i++) out.data[i] = 2 * in.data[i];
  const char *at = getenv("STAND_IN_FAILS_AT");
  return at && runs++ == atoi(at);
}
#endif
int TfLiteTensorType(const void *tensor) { return says("strings") && tensor == &in ? 5 : says("new-type") ? 99 : 1; }
int32_t TfLiteTensorNumDims(const void *tensor) {
  (void)tensor;
  return says("many-dimensions") ? 9 : 2;
}
int32_t TfLiteTensorDim(const void *tensor, int32_t index) {
  (void)tensor;
  return says("huge") ? INT32_MAX : index ? 3 : 2;
}
size_t TfLiteTensorByteSize(const void *tensor) {
  (void)tensor;
  return says("short-tensor") ? 20 : 24;
}
void *TfLiteTensorData(const void *tensor) {
  if (tensor == &in) return says("no-input") ? NULL : in.data;
  return says("no-output") ? NULL : out.data;
}
const char *TfLiteTensorName(const void *tensor) { return tensor == &in ? "a \"b\"\\\n\xc3\xa9" : NULL; }

/* The options of 2.16.1's GPU delegate, and defaults that its header does not name. */
struct gpu_options {
  int32_t precision_loss, preference, priority1, priority2, priority3;
  int64_t flags;
  int32_t partitions;
  const char *folder, *token;
};
struct gpu_options TfLiteGpuDelegateOptionsV2Default(void) {
  struct gpu_options options = {0, 0, 1, 0, 0, 1, 77, NULL, "token"};
  return options;
}
void *TfLiteGpuDelegateV2Create(const struct gpu_options *options) {
  fprintf(stderr, "gpu %d %d %d %d %d %lld %d %s\n", options->precision_loss, options->preference, options->priority1,
          options->priority2, options->priority3, (long long)options->flags, options->partitions, options->token);
  return says("no-delegate") ? NULL : &out;
}

/* The options of 2.16.1's NNAPI delegate. */
struct nnapi_options {
  int32_t preference;
  const char *accelerator, *folder, *token;
  int32_t no_cpu, half, partitions;
  void *library;
};
struct nnapi_options TfLiteNnapiDelegateOptionsDefault(void) {
  struct nnapi_options options = {-1, NULL, NULL, "token", 1, 0, 3, NULL};
  return options;
}
void *TfLiteNnapiDelegateCreate(const struct nnapi_options *options) {
  fprintf(stderr, "nnapi %d %d %d %d %s\n", options->preference, options->no_cpu, options->half, options->partitions,
          options->token);
  return says("no-delegate") ? NULL : &out;
}

/* XNNPACK's options begin with the threads; what follows must come back as it was handed out. */
struct xnnpack_options {
  int32_t threads;
  uint32_t flags;
  void *cache;
  const char *file;
};
struct xnnpack_options TfLiteXNNPackDelegateOptionsDefault(void) {
  struct xnnpack_options options = {0, 9, NULL, "file"};
  return options;
}
void *TfLiteXNNPackDelegateCreate(const struct xnnpack_options *options) {
  fprintf(stderr, "xnnpack %d %u %s\n", options->threads, options->flags, options->file);
  return says("no-delegate") ? NULL : &out;
}
