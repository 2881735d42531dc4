import com.github.unidbg.AndroidEmulator;
import com.github.unidbg.Module;
import com.github.unidbg.arm.backend.Unicorn2Factory;
import com.github.unidbg.linux.android.AndroidEmulatorBuilder;
import com.github.unidbg.linux.android.AndroidResolver;
import com.github.unidbg.memory.MemoryBlock;
import com.github.unidbg.pointer.UnidbgPointer;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** TensorFlow Lite's library for phones, called by its C API: ABI LIBRARY, then MODEL INPUT OUTPUTS in turn. */
final class Engine {
    private final AndroidEmulator emulator;
    private final Module library;

    private Engine(AndroidEmulator emulator, File library) {
        this.emulator = emulator;
        this.library = emulator.loadLibrary(library);
    }

    public static void main(String[] words) throws IOException {
        boolean wide = words[0].equals("arm64-v8a");
        AndroidEmulatorBuilder builder = wide ? AndroidEmulatorBuilder.for64Bit() : AndroidEmulatorBuilder.for32Bit();
        try (AndroidEmulator emulator = builder.addBackendFactory(new Unicorn2Factory(false)).build()) {
            emulator.getMemory().setLibraryResolver(new AndroidResolver(23));
            Engine engine = new Engine(emulator, new File(words[1]));
            System.out.println("version " + engine.pointer("TfLiteVersion").getString(0));
            for (int i = 2; i < words.length; i += 3) {
                long began = System.nanoTime();
                engine.run(Path.of(words[i]), Path.of(words[i + 1]), Path.of(words[i + 2]));
                System.out.printf("%s %.1f s%n", words[i], (System.nanoTime() - began) / 1e9);
            }
        }
    }

    private void run(Path file, Path input, Path outputs) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        MemoryBlock room = emulator.getMemory().malloc(bytes.length, true);
        room.getPointer().write(0, bytes, 0, bytes.length);
        UnidbgPointer model = pointer("TfLiteModelCreate", room.getPointer(), bytes.length);
        UnidbgPointer options = pointer("TfLiteInterpreterOptionsCreate");
        call("TfLiteInterpreterOptionsSetNumThreads", options, 1);
        UnidbgPointer interpreter = pointer("TfLiteInterpreterCreate", model, options);
        demand("TfLiteInterpreterAllocateTensors", interpreter);
        byte[] crop = Files.readAllBytes(input);
        pointer("TfLiteTensorData", pointer("TfLiteInterpreterGetInputTensor", interpreter, 0))
            .write(0, crop, 0, crop.length);
        demand("TfLiteInterpreterInvoke", interpreter);
        Files.write(outputs, answer(interpreter));
        call("TfLiteInterpreterDelete", interpreter);
        call("TfLiteInterpreterOptionsDelete", options);
        call("TfLiteModelDelete", model);
        room.free();
    }

    private byte[] answer(UnidbgPointer interpreter) {
        UnidbgPointer tensor = pointer("TfLiteInterpreterGetOutputTensor", interpreter, 0);
        return pointer("TfLiteTensorData", tensor).getByteArray(0, call("TfLiteTensorByteSize", tensor).intValue());
    }

    private void demand(String function, Object... arguments) {
        int status = call(function, arguments).intValue();
        if (status != 0) throw new IllegalStateException(function + " gave " + status);
    }

    private UnidbgPointer pointer(String function, Object... arguments) {
        UnidbgPointer result = UnidbgPointer.pointer(emulator, call(function, arguments));
        if (result == null) throw new IllegalStateException(function + " gave nothing");
        return result;
    }

    private Number call(String function, Object... arguments) {
        return library.callFunction(emulator, function, arguments);
    }
}
