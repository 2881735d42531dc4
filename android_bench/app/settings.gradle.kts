// For Android Studio. `make apk` builds the same sources without Gradle; docs/guides/app.md says which is tested.
pluginManagement {
    repositories {
        google()
        mavenCentral()
        gradlePluginPortal()
    }
}

dependencyResolutionManagement {
    repositories {
        google()
        mavenCentral()
    }
}

rootProject.name = "facekp"
include(":facekp", ":sample")
project(":facekp").projectDir = file("../../facekp_export/android/facekp")
project(":facekp").buildFileName = "../build.gradle.kts"
