// AGP 9 compiles Kotlin itself: no Kotlin plugin beside it.
plugins {
    alias(libs.plugins.android.application)
}

android {
    namespace = "org.facekp.sample"
    compileSdk = 36
    defaultConfig {
        applicationId = "org.facekp.sample"
        minSdk = 24
        targetSdk = 35
        ndk {
            abiFilters += listOf("arm64-v8a", "armeabi-v7a", "x86_64")
        }
    }
    signingConfigs {
        getByName("debug") {
            storeFile = file("../debug.keystore")
            storePassword = "android"
            keyAlias = "androiddebugkey"
            keyPassword = "android"
        }
    }
    // Models, face finders and licences, as `make apk` gathers them: run it once before Gradle.
    sourceSets.getByName("main").assets.srcDir("../../../build/app/assets")
    androidResources {
        noCompress += "tflite"
    }
}

dependencies {
    implementation(project(":facekp"))
}
