/* TensorFlow Lite through its C API (tensorflow/lite/core/c/c_api.h), looked up by name. */
#include "runner.h"

typedef struct TfLiteModel Model;
typedef struct TfLiteInterpreterOptions Options;
typedef struct TfLiteInterpreter Interpreter;
typedef struct TfLiteTensor Tensor;
typedef struct TfLiteDelegate Delegate;

static struct {
  const char *(*Version)(void);
  Model *(*ModelCreateFromFile)(const char *path);
  Options *(*OptionsCreate)(void);
  void (*OptionsSetNumThreads)(Options *options, int32_t threads);
  void (*OptionsAddDelegate)(Options *options, Delegate *delegate);
  Interpreter *(*Create)(const Model *model, const Options *options);
  int (*AllocateTensors)(Interpreter *interpreter);
  int32_t (*GetInputTensorCount)(const Interpreter *interpreter);
  Tensor *(*GetInputTensor)(const Interpreter *interpreter, int32_t index);
  int32_t (*GetOutputTensorCount)(const Interpreter *interpreter);
  const Tensor *(*GetOutputTensor)(const Interpreter *interpreter, int32_t index);
  int (*Invoke)(Interpreter *interpreter);
  int (*TensorType)(const Tensor *tensor);
  int32_t (*TensorNumDims)(const Tensor *tensor);
  int32_t (*TensorDim)(const Tensor *tensor, int32_t index);
  size_t (*TensorByteSize)(const Tensor *tensor);
  void *(*TensorData)(const Tensor *tensor);
  const char *(*TensorName)(const Tensor *tensor);
} api;

/* In the order of the members of `api`. */
static const char *const SYMBOLS[] = {
    "TfLiteVersion",
    "TfLiteModelCreateFromFile",
    "TfLiteInterpreterOptionsCreate",
    "TfLiteInterpreterOptionsSetNumThreads",
    "TfLiteInterpreterOptionsAddDelegate",
    "TfLiteInterpreterCreate",
    "TfLiteInterpreterAllocateTensors",
    "TfLiteInterpreterGetInputTensorCount",
    "TfLiteInterpreterGetInputTensor",
    "TfLiteInterpreterGetOutputTensorCount",
    "TfLiteInterpreterGetOutputTensor",
    "TfLiteInterpreterInvoke",
    "TfLiteTensorType",
    "TfLiteTensorNumDims",
    "TfLiteTensorDim",
    "TfLiteTensorByteSize",
    "TfLiteTensorData",
    "TfLiteTensorName",
};
_Static_assert(sizeof api == sizeof SYMBOLS, "a symbol for every member");

/* TfLiteType of c_api_types.h; what is not named here holds no plain numbers. */
static const char *const TYPES[] = {
    [1] = "float32", [2] = "int32", [3] = "uint8", [4] = "int64", [6] = "bool", [7] = "int16", [9] = "int8",
    [10] = "float16", [11] = "float64", [13] = "uint64", [16] = "uint32", [17] = "uint16",
};

static Interpreter *interpreter;

static void *symbol(void *library, const char *path, const char *name, enum failure status) {
  void *address = dlsym(library, name);
  if (!address) fail(status, "%s lacks %s", path, name);
  return address;
}

/* TfLiteGpuDelegateOptionsV2 of 2.16.1 (headers/ of the AAR tensorflow-lite-gpu); the library fills it
 * in, and some room behind guards against a build with the two indices for debugging. */
typedef struct {
  int32_t is_precision_loss_allowed, inference_preference, priority1, priority2, priority3;
  int64_t experimental_flags;
  int32_t max_delegated_partitions;
  const char *serialization_dir, *model_token;
  char room[64];
} GpuOptions;

/* As the official benchmark_model sets it up by default (tools/delegates/gpu_delegate_provider.cc), so
 * that figures compare: the GPU may compute in half precision, all else is the library's default. */
static Delegate *gpu_delegate(const struct request *request) {
  enum { MAX_PRECISION = 1, MIN_LATENCY = 2, MIN_MEMORY = 3 };
  const char *path = request->gpu_library;
  void *library = dlopen(path, RTLD_NOW);
  if (!library) fail(BAD_DELEGATE, "%s cannot be opened: %s", path, dlerror());
  GpuOptions (*defaults)(void) = symbol(library, path, "TfLiteGpuDelegateOptionsV2Default", BAD_DELEGATE);
  Delegate *(*create)(const GpuOptions *) = symbol(library, path, "TfLiteGpuDelegateV2Create", BAD_DELEGATE);
  GpuOptions options = defaults();
  options.priority1 = MIN_LATENCY;
  options.priority2 = MIN_MEMORY;
  options.priority3 = MAX_PRECISION;
  return create(&options);
}

/* TfLiteNnapiDelegateOptions of 2.16.1 (nnapi_delegate_c_api.h of the AAR tensorflow-lite), left at the
 * library's defaults, as benchmark_model does: whole precision, and not NNAPI's own CPU path. */
typedef struct {
  int32_t execution_preference;
  const char *accelerator_name, *cache_dir, *model_token;
  int32_t disallow_nnapi_cpu, allow_fp16, max_number_delegated_partitions;
  void *support_library;
  char room[64];
} NnapiOptions;

static Delegate *nnapi_delegate(const struct request *request, void *library) {
  /* Without it TensorFlow Lite computes on the CPU and says nothing. */
  if (!dlopen("libneuralnetworks.so", RTLD_NOW)) fail(BAD_DELEGATE, "this system has no NNAPI: %s", dlerror());
  const char *path = request->engine;
  NnapiOptions (*defaults)(void) = symbol(library, path, "TfLiteNnapiDelegateOptionsDefault", BAD_DELEGATE);
  Delegate *(*create)(const NnapiOptions *) = symbol(library, path, "TfLiteNnapiDelegateCreate", BAD_DELEGATE);
  NnapiOptions options = defaults();
  return create(&options);
}

/* TfLiteXNNPackDelegateOptions begins with the number of threads in every version; the rest is left at
 * the library's defaults, and there is room for what later versions add. */
typedef struct {
  int32_t threads;
  char room[252];
} XnnpackOptions;

/* The C API of the AAR does not take XNNPACK by itself, where an app's Interpreter and LiteRT's do. */
static Delegate *xnnpack_delegate(const struct request *request, void *library) {
  XnnpackOptions (*defaults)(void) = dlsym(library, "TfLiteXNNPackDelegateOptionsDefault");
  Delegate *(*create)(const XnnpackOptions *) = dlsym(library, "TfLiteXNNPackDelegateCreate");
  if (!defaults || !create) {
    note("%s has no XNNPACK: it computes by TensorFlow Lite's own kernels", request->engine);
    return NULL;
  }
  XnnpackOptions options = defaults();
  options.threads = request->threads;
  Delegate *delegate = create(&options);
  if (!delegate) fail(BAD_DELEGATE, "XNNPACK could not be made for the cpu");
  return delegate;
}

static void add_delegate(const struct request *request, void *library, Options *options) {
  Delegate *delegate = request->delegate == GPU     ? gpu_delegate(request)
                       : request->delegate == NNAPI ? nnapi_delegate(request, library)
                                                    : xnnpack_delegate(request, library);
  if (!delegate && request->delegate == CPU) return;
  if (!delegate) fail(BAD_DELEGATE, "the %s delegate could not be made", delegate_name(request->delegate));
  api.OptionsAddDelegate(options, delegate);
}

static void describe(const Tensor *source, struct tensor *tensor) {
  int type = api.TensorType(source);
  int types = sizeof TYPES / sizeof *TYPES;
  const char *name = api.TensorName(source);
  tensor->name = name ? name : "";
  tensor->dtype = type >= 0 && type < types && TYPES[type] ? TYPES[type] : "another type";
  tensor->rank = api.TensorNumDims(source);
  if (tensor->rank < 0 || tensor->rank > MOST_DIMENSIONS)
    fail(BAD_MODEL, "the tensor '%s' has %d dimensions", tensor->name, tensor->rank);
  for (int i = 0; i < tensor->rank; i++) tensor->shape[i] = api.TensorDim(source, i);
  measure_tensor(tensor);
  tensor->data = api.TensorData(source);
  if (api.TensorByteSize(source) != tensor->bytes)
    fail(BAD_MODEL, "the tensor '%s' takes %zu bytes where its shape takes %zu", tensor->name,
         api.TensorByteSize(source), tensor->bytes);
}

static bool invoke(void) { return api.Invoke(interpreter) == 0; }

static void read_outputs(struct session *session) {
  for (int i = 0; i < session->output_count; i++) describe(api.GetOutputTensor(interpreter, i), &session->outputs[i]);
}

static void refuse_foreign(const char *path) {
  char start[8];
  if (read_start(path, start, sizeof start, BAD_MODEL) < sizeof start || memcmp(start + 4, "TFL3", 4))
    fail(BAD_MODEL, "%s is no TFLite model", path);
}

void open_tflite(const struct request *request, void *library, struct session *session) {
  void **members = (void **)&api;
  for (size_t i = 0; i < sizeof SYMBOLS / sizeof *SYMBOLS; i++)
    members[i] = symbol(library, request->engine, SYMBOLS[i], BAD_ENGINE);
  refuse_foreign(request->model);
  Model *model = api.ModelCreateFromFile(request->model);
  if (!model) fail(BAD_MODEL, "%s is damaged: TensorFlow Lite does not take it", request->model);
  Options *options = api.OptionsCreate();
  api.OptionsSetNumThreads(options, request->threads);
  add_delegate(request, library, options);
  enum failure status = request->delegate == CPU ? BAD_MODEL : BAD_DELEGATE;
  interpreter = api.Create(model, options);
  if (!interpreter || api.AllocateTensors(interpreter))
    fail(status, "TensorFlow Lite %s cannot prepare %s for %s", api.Version(), request->model,
         delegate_name(request->delegate));
  session->engine = "tflite";
  session->version = api.Version();
  session->input_count = api.GetInputTensorCount(interpreter);
  session->output_count = api.GetOutputTensorCount(interpreter);
  if (session->input_count != 1 || session->output_count < 1 || session->output_count > MOST_TENSORS)
    fail(BAD_MODEL, "%s has %d inputs and %d outputs; the runner takes one input and 1 to %d outputs", request->model,
         session->input_count, session->output_count, MOST_TENSORS);
  describe(api.GetInputTensor(interpreter, 0), &session->inputs[0]);
  if (!session->inputs[0].data) fail(BAD_MODEL, "%s keeps no memory for its input", request->model);
  session->invoke = invoke;
  session->read_outputs = read_outputs;
}
