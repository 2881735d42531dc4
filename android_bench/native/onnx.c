/* ONNX Runtime through its C API (onnxruntime_c_api.h), a table of functions behind one symbol. */
#include "runner.h"

typedef struct OrtStatus Status; /* NULL: fine */
typedef struct OrtEnv Env;
typedef struct OrtSession Session;
typedef struct OrtSessionOptions SessionOptions;
typedef struct OrtValue Value;
typedef struct OrtTypeInfo TypeInfo;
typedef struct OrtTensorInfo TensorInfo;
typedef struct OrtMemoryInfo MemoryInfo;
typedef struct OrtAllocator Allocator;
typedef void Unused(void);

/* The functions used here, at their places in version 1 of the table, to which later versions only
 * add at the end (rules in onnxruntime/core/session/onnxruntime_c_api.cc). */
typedef struct {
  Unused *unused0[2];
  const char *(*GetErrorMessage)(const Status *status);
  Status *(*CreateEnv)(int severity, const char *name, Env **env);
  Unused *unused4[3];
  Status *(*CreateSession)(const Env *env, const char *path, const SessionOptions *options, Session **session);
  Unused *unused8[1];
  Status *(*Run)(Session *session, const void *options, const char *const *input_names, const Value *const *inputs,
                 size_t input_count, const char *const *output_names, size_t output_count, Value **outputs);
  Status *(*CreateSessionOptions)(SessionOptions **options);
  Unused *unused11[13];
  Status *(*SetIntraOpNumThreads)(SessionOptions *options, int threads);
  Status *(*SetInterOpNumThreads)(SessionOptions *options, int threads);
  Unused *unused26[4];
  Status *(*SessionGetInputCount)(const Session *session, size_t *count);
  Status *(*SessionGetOutputCount)(const Session *session, size_t *count);
  Unused *unused32[1];
  Status *(*SessionGetInputTypeInfo)(const Session *session, size_t index, TypeInfo **info);
  Status *(*SessionGetOutputTypeInfo)(const Session *session, size_t index, TypeInfo **info);
  Unused *unused35[1];
  Status *(*SessionGetInputName)(const Session *session, size_t index, Allocator *allocator, char **name);
  Status *(*SessionGetOutputName)(const Session *session, size_t index, Allocator *allocator, char **name);
  Unused *unused38[11];
  Status *(*CreateTensorWithDataAsOrtValue)(const MemoryInfo *memory, void *data, size_t bytes, const int64_t *shape,
                                            size_t rank, int type, Value **value);
  Unused *unused50[1];
  Status *(*GetTensorMutableData)(Value *value, void **data);
  Unused *unused52[3];
  Status *(*CastTypeInfoToTensorInfo)(const TypeInfo *info, const TensorInfo **tensor);
  Unused *unused56[4];
  Status *(*GetTensorElementType)(const TensorInfo *info, int *type);
  Status *(*GetDimensionsCount)(const TensorInfo *info, size_t *count);
  Status *(*GetDimensions)(const TensorInfo *info, int64_t *shape, size_t count);
  Unused *unused63[2];
  Status *(*GetTensorTypeAndShape)(const Value *value, TensorInfo **info);
  Unused *unused66[3];
  Status *(*CreateCpuMemoryInfo)(int allocator, int memory, MemoryInfo **info);
  Unused *unused70[8];
  Status *(*GetAllocatorWithDefaultOptions)(Allocator **allocator);
} Api;
_Static_assert(offsetof(Api, Run) == 9 * sizeof(void *), "place in the table");
_Static_assert(offsetof(Api, CreateTensorWithDataAsOrtValue) == 49 * sizeof(void *), "place in the table");
_Static_assert(offsetof(Api, GetAllocatorWithDefaultOptions) == 78 * sizeof(void *), "place in the table");

typedef struct {
  const Api *(*GetApi)(uint32_t version);
  const char *(*GetVersionString)(void);
} ApiBase;

/* ONNXTensorElementDataType of onnxruntime_c_api.h. */
static const char *const TYPES[] = {
    [1] = "float32", [2] = "uint8", [3] = "int8", [4] = "uint16", [5] = "int16", [6] = "int32", [7] = "int64",
    [9] = "bool", [10] = "float16", [11] = "float64", [12] = "uint32", [13] = "uint64",
};

static const Api *api;
static Session *session_;
static Value *input, *outputs[MOST_TENSORS];
static const char *input_name, *output_names[MOST_TENSORS];
static size_t output_count;

static void check(const Status *status, enum failure failure, const char *what) {
  if (status) fail(failure, "%s: %s", what, api->GetErrorMessage(status));
}

static int describe(const TensorInfo *info, struct tensor *tensor) {
  int type = 0, types = sizeof TYPES / sizeof *TYPES;
  size_t rank = 0;
  check(api->GetTensorElementType(info, &type), BAD_MODEL, tensor->name);
  check(api->GetDimensionsCount(info, &rank), BAD_MODEL, tensor->name);
  if (rank > MOST_DIMENSIONS) fail(BAD_MODEL, "the tensor '%s' has %zu dimensions", tensor->name, rank);
  tensor->rank = (int)rank;
  check(api->GetDimensions(info, tensor->shape, rank), BAD_MODEL, tensor->name);
  tensor->dtype = type >= 0 && type < types && TYPES[type] ? TYPES[type] : "another type";
  measure_tensor(tensor);
  return type;
}

/* What a file promises of a tensor; its element type as ONNX Runtime numbers it. */
static int describe_promised(TypeInfo *promised, struct tensor *tensor) {
  const TensorInfo *info = NULL;
  check(api->CastTypeInfoToTensorInfo(promised, &info), BAD_MODEL, tensor->name);
  if (!info) fail(BAD_MODEL, "'%s' is no tensor", tensor->name);
  return describe(info, tensor);
}

/* From the second run on, outputs[] holds the first run's tensors and is written in place. */
static bool invoke(void) {
  const Status *status =
      api->Run(session_, NULL, &input_name, (const Value *const *)&input, 1, output_names, output_count, outputs);
  if (status) note("%s", api->GetErrorMessage(status));
  return !status;
}

static void read_outputs(struct session *session) {
  for (size_t i = 0; i < output_count; i++) {
    TensorInfo *info = NULL;
    check(api->GetTensorTypeAndShape(outputs[i], &info), BAD_INVOKE, output_names[i]);
    describe(info, &session->outputs[i]);
    check(api->GetTensorMutableData(outputs[i], &session->outputs[i].data), BAD_INVOKE, output_names[i]);
  }
}

static void open_file(const struct request *request) {
  enum { WARNING = 2 };
  Env *env = NULL;
  SessionOptions *options = NULL;
  check(api->CreateEnv(WARNING, "facekp", &env), BAD_ENGINE, request->engine);
  check(api->CreateSessionOptions(&options), BAD_ENGINE, request->engine);
  check(api->SetIntraOpNumThreads(options, request->threads), BAD_ENGINE, request->engine);
  check(api->SetInterOpNumThreads(options, 1), BAD_ENGINE, request->engine);
  check(api->CreateSession(env, request->model, options, &session_), BAD_MODEL, request->model);
}

static void make_input(struct session *session, Allocator *allocator) {
  enum { ARENA = 1, DEFAULT_MEMORY = 0 };
  struct tensor *tensor = &session->inputs[0];
  TypeInfo *promised = NULL;
  MemoryInfo *memory = NULL;
  char *name = NULL;
  check(api->SessionGetInputName(session_, 0, allocator, &name), BAD_MODEL, "input");
  input_name = tensor->name = name;
  check(api->SessionGetInputTypeInfo(session_, 0, &promised), BAD_MODEL, name);
  int type = describe_promised(promised, tensor);
  tensor->data = allocate(tensor->bytes);
  check(api->CreateCpuMemoryInfo(ARENA, DEFAULT_MEMORY, &memory), BAD_ENGINE, "memory");
  check(api->CreateTensorWithDataAsOrtValue(memory, tensor->data, tensor->bytes, tensor->shape, (size_t)tensor->rank,
                                            type, &input),
        BAD_MODEL, name);
}

static void name_outputs(struct session *session, Allocator *allocator) {
  for (size_t i = 0; i < output_count; i++) {
    TypeInfo *promised = NULL;
    char *name = NULL;
    check(api->SessionGetOutputName(session_, i, allocator, &name), BAD_MODEL, "output");
    output_names[i] = session->outputs[i].name = name;
    check(api->SessionGetOutputTypeInfo(session_, i, &promised), BAD_MODEL, name);
    describe_promised(promised, &session->outputs[i]);
  }
}

void open_onnxruntime(const struct request *request, void *library, struct session *session) {
  if (request->delegate != CPU)
    fail(BAD_DELEGATE, "ONNX Runtime computes on the CPU alone here, not by %s", delegate_name(request->delegate));
  const ApiBase *(*base)(void) = dlsym(library, "OrtGetApiBase");
  api = base()->GetApi(1);
  if (!api) fail(BAD_ENGINE, "%s no longer serves version 1 of its interface", request->engine);
  open_file(request);
  Allocator *allocator = NULL;
  size_t input_count = 0;
  check(api->GetAllocatorWithDefaultOptions(&allocator), BAD_ENGINE, request->engine);
  check(api->SessionGetInputCount(session_, &input_count), BAD_MODEL, request->model);
  check(api->SessionGetOutputCount(session_, &output_count), BAD_MODEL, request->model);
  if (input_count != 1 || output_count < 1 || output_count > MOST_TENSORS)
    fail(BAD_MODEL, "%s has %zu inputs and %zu outputs; the runner takes one input and 1 to %d outputs",
         request->model, input_count, output_count, MOST_TENSORS);
  session->engine = "onnxruntime";
  session->version = base()->GetVersionString();
  session->input_count = 1;
  session->output_count = (int)output_count;
  make_input(session, allocator);
  name_outputs(session, allocator);
  session->invoke = invoke;
  session->read_outputs = read_outputs;
}
