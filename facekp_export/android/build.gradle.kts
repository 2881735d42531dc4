// The library as a module of an app's own Gradle build (the Android Gradle plugin 9 compiles Kotlin itself).
plugins {
    id("com.android.library")
}

android {
    namespace = "org.facekp"
    compileSdk = 35
    defaultConfig {
        minSdk = 24
        consumerProguardFiles("consumer-rules.pro")
    }
    androidResources {
        noCompress += "tflite"
    }
}

dependencies {
    // -Pfacekp.engine=litert: its libraries are aligned to memory pages of 16 KB. Untested.
    if (providers.gradleProperty("facekp.engine").orNull == "litert") {
        api("com.google.ai.edge.litert:litert:2.1.4")
        implementation("com.google.ai.edge.litert:litert-gpu:1.4.2")
    } else {
        api("org.tensorflow:tensorflow-lite:2.16.1")
        implementation("org.tensorflow:tensorflow-lite-gpu:2.16.1")
        // Version 2.16.1 of this one was never published; 2.14.0 has the interface that the GPU delegate needs.
        implementation("org.tensorflow:tensorflow-lite-gpu-api:2.14.0")
    }
}
