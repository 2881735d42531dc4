/* What TensorFlow Lite's GPU delegate 2.16.1 takes from libEGL.so. */
absent eglBindAPI
absent eglChooseConfig
absent eglCreateContext
absent eglCreatePbufferSurface
absent eglDestroyContext
absent eglDestroySurface
absent eglGetCurrentContext
absent eglGetCurrentDisplay
absent eglGetDisplay
absent eglGetError
absent eglGetProcAddress
absent eglInitialize
absent eglMakeCurrent
absent eglQueryString
