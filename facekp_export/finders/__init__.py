"""Where the faces of a photograph are: BlazeFace, OpenCV's cascade, a function of the user's."""
