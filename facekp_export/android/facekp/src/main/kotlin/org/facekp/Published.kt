package org.facekp

/** Written by `make app-vectors` from the toolkit's own tables; do not edit. */
internal object Published {
    private val schemes by lazy {
        (Json.parse(SCHEMES) as List<*>).map(Scheme::of).associateBy { it.points }
    }

    /** Every kind of file that an export can hold. */
    val kinds: Set<String> = setOf("onnx", "onnx_int8", "float32", "float16", "dynamic", "int8", "int8_in", "int8_io")

    private val mappings by lazy {
        mapOf(
            "tight" to BoxMapping.TIGHT,
            "mtfl" to BoxMapping(0.014, 0.1083, 1.1328),
            "tight5" to BoxMapping(0.0047, 0.1773, 2.022),
            "tight19" to BoxMapping(0.005, 0.0, 1.025),
            "tight21" to BoxMapping(0.0, 0.0, 1.0151),
            "tight29" to BoxMapping(0.005, 0.0, 1.025),
            "blazeface" to BoxMapping(0.0004, 0.0581, 0.9471),
            "blazeface-full" to BoxMapping(0.0083, 0.097, 0.8905),
            "haar" to BoxMapping(-0.0035, 0.1574, 0.884),
            "aflw" to BoxMapping(-0.0169, 0.0549, 0.8041),
            "celeba" to BoxMapping(0.003, 0.0482, 0.5777),
            "wflw" to BoxMapping(-0.0299, 0.0813, 1.091),
            "cofw" to BoxMapping(0.004, 0.0012, 0.8997),
        )
    }

    /** The default scheme of each count of points. */
    fun schemes(): Map<Int, Scheme> = schemes

    /** Every box source's mapping to the tight box. */
    fun mappings(): Map<String, BoxMapping> = mappings

    private const val SCHEMES = """
[{"name": "five", "names": ["left_eye", "right_eye", "nose_tip", "left_mouth_corner", "right_mouth_corner"], "flip":
[1, 0, 2, 4, 3], "normalisers": {"inter_pupil": [[0], [1]]}, "lines": [], "five": [[0], [1], [2], [3], [4]],
"box_source": "tight5"}, {"name": "aflw19", "names": ["left_brow_outer", "left_brow_middle", "left_brow_inner",
"right_brow_inner", "right_brow_middle", "right_brow_outer", "left_eye_outer", "left_eye", "left_eye_inner",
"right_eye_inner", "right_eye", "right_eye_outer", "left_nostril", "nose_tip", "right_nostril", "left_mouth_corner",
"mouth", "right_mouth_corner", "chin"], "flip": [5, 4, 3, 2, 1, 0, 11, 10, 9, 8, 7, 6, 14, 13, 12, 17, 16, 15, 18],
"normalisers": {}, "lines": [], "five": [[7], [10], [13], [15], [17]], "box_source": "tight19"}, {"name": "aflw21",
"names": ["left_brow_outer", "left_brow_middle", "left_brow_inner", "right_brow_inner", "right_brow_middle",
"right_brow_outer", "left_eye_outer", "left_eye", "left_eye_inner", "right_eye_inner", "right_eye", "right_eye_outer",
"left_ear", "left_nostril", "nose_tip", "right_nostril", "right_ear", "left_mouth_corner", "mouth",
"right_mouth_corner", "chin"], "flip": [5, 4, 3, 2, 1, 0, 11, 10, 9, 8, 7, 6, 16, 15, 14, 13, 12, 19, 18, 17, 20],
"normalisers": {}, "lines": [], "five": [[7], [10], [14], [17], [19]], "box_source": "tight21"}, {"name": "cofw29",
"names": ["left_brow_outer", "right_brow_outer", "left_brow_inner", "right_brow_inner", "left_brow_top",
"left_brow_bottom", "right_brow_top", "right_brow_bottom", "left_eye_outer", "right_eye_outer", "left_eye_inner",
"right_eye_inner", "left_eye_top", "left_eye_bottom", "right_eye_top", "right_eye_bottom", "left_pupil",
"right_pupil", "left_nostril", "right_nostril", "nose_tip", "nose_bottom", "left_mouth_corner", "right_mouth_corner",
"upper_lip_top", "upper_lip_bottom", "lower_lip_top", "lower_lip_bottom", "chin"], "flip": [1, 0, 3, 2, 6, 7, 4, 5, 9,
8, 11, 10, 14, 15, 12, 13, 17, 16, 19, 18, 20, 21, 23, 22, 24, 25, 26, 27, 28], "normalisers": {"inter_ocular": [[8],
[9]], "inter_pupil": [[16], [17]]}, "lines": [], "five": [[16], [17], [20], [22], [23]], "box_source": "tight29"},
{"name": "ibug68", "names": ["jaw_0", "jaw_1", "jaw_2", "jaw_3", "jaw_4", "jaw_5", "jaw_6", "jaw_7", "jaw_8", "jaw_9",
"jaw_10", "jaw_11", "jaw_12", "jaw_13", "jaw_14", "jaw_15", "jaw_16", "left_brow_0", "left_brow_1", "left_brow_2",
"left_brow_3", "left_brow_4", "right_brow_0", "right_brow_1", "right_brow_2", "right_brow_3", "right_brow_4",
"nose_bridge_0", "nose_bridge_1", "nose_bridge_2", "nose_bridge_3", "nostrils_0", "nostrils_1", "nostrils_2",
"nostrils_3", "nostrils_4", "left_eye_0", "left_eye_1", "left_eye_2", "left_eye_3", "left_eye_4", "left_eye_5",
"right_eye_0", "right_eye_1", "right_eye_2", "right_eye_3", "right_eye_4", "right_eye_5", "outer_lips_0",
"outer_lips_1", "outer_lips_2", "outer_lips_3", "outer_lips_4", "outer_lips_5", "outer_lips_6", "outer_lips_7",
"outer_lips_8", "outer_lips_9", "outer_lips_10", "outer_lips_11", "inner_lips_0", "inner_lips_1", "inner_lips_2",
"inner_lips_3", "inner_lips_4", "inner_lips_5", "inner_lips_6", "inner_lips_7"], "flip": [16, 15, 14, 13, 12, 11, 10,
9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 27, 28, 29, 30, 35, 34, 33, 32, 31, 45, 44, 43,
42, 47, 46, 39, 38, 37, 36, 41, 40, 54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65],
"normalisers": {"inter_ocular": [[36], [45]], "inter_pupil": [[36, 37, 38, 39, 40, 41], [42, 43, 44, 45, 46, 47]]},
"lines": [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16], [17, 18, 19, 20, 21], [22, 23, 24, 25, 26], [27,
28, 29, 30], [31, 32, 33, 34, 35], [36, 37, 38, 39, 40, 41, 36], [42, 43, 44, 45, 46, 47, 42], [48, 49, 50, 51, 52,
53, 54, 55, 56, 57, 58, 59, 48], [60, 61, 62, 63, 64, 65, 66, 67, 60]], "five": [[36, 37, 38, 39, 40, 41], [42, 43,
44, 45, 46, 47], [30], [48], [54]], "box_source": "tight"}, {"name": "wflw98", "names": ["jaw_0", "jaw_1", "jaw_2",
"jaw_3", "jaw_4", "jaw_5", "jaw_6", "jaw_7", "jaw_8", "jaw_9", "jaw_10", "jaw_11", "jaw_12", "jaw_13", "jaw_14",
"jaw_15", "jaw_16", "jaw_17", "jaw_18", "jaw_19", "jaw_20", "jaw_21", "jaw_22", "jaw_23", "jaw_24", "jaw_25",
"jaw_26", "jaw_27", "jaw_28", "jaw_29", "jaw_30", "jaw_31", "jaw_32", "left_brow_0", "left_brow_1", "left_brow_2",
"left_brow_3", "left_brow_4", "left_brow_5", "left_brow_6", "left_brow_7", "left_brow_8", "right_brow_0",
"right_brow_1", "right_brow_2", "right_brow_3", "right_brow_4", "right_brow_5", "right_brow_6", "right_brow_7",
"right_brow_8", "nose_bridge_0", "nose_bridge_1", "nose_bridge_2", "nose_bridge_3", "nostrils_0", "nostrils_1",
"nostrils_2", "nostrils_3", "nostrils_4", "left_eye_0", "left_eye_1", "left_eye_2", "left_eye_3", "left_eye_4",
"left_eye_5", "left_eye_6", "left_eye_7", "right_eye_0", "right_eye_1", "right_eye_2", "right_eye_3", "right_eye_4",
"right_eye_5", "right_eye_6", "right_eye_7", "outer_lips_0", "outer_lips_1", "outer_lips_2", "outer_lips_3",
"outer_lips_4", "outer_lips_5", "outer_lips_6", "outer_lips_7", "outer_lips_8", "outer_lips_9", "outer_lips_10",
"outer_lips_11", "inner_lips_0", "inner_lips_1", "inner_lips_2", "inner_lips_3", "inner_lips_4", "inner_lips_5",
"inner_lips_6", "inner_lips_7", "left_pupil", "right_pupil"], "flip": [32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21,
20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 46, 45, 44, 43, 42, 50, 49, 48, 47, 37, 36,
35, 34, 33, 41, 40, 39, 38, 51, 52, 53, 54, 59, 58, 57, 56, 55, 72, 71, 70, 69, 68, 75, 74, 73, 64, 63, 62, 61, 60,
67, 66, 65, 82, 81, 80, 79, 78, 77, 76, 87, 86, 85, 84, 83, 92, 91, 90, 89, 88, 95, 94, 93, 97, 96], "normalisers":
{"inter_ocular": [[60], [72]], "inter_pupil": [[96], [97]]}, "lines": [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32], [33, 34, 35, 36, 37, 38, 39, 40, 41, 33],
[42, 43, 44, 45, 46, 47, 48, 49, 50, 42], [51, 52, 53, 54], [55, 56, 57, 58, 59], [60, 61, 62, 63, 64, 65, 66, 67,
60], [68, 69, 70, 71, 72, 73, 74, 75, 68], [76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 76], [88, 89, 90, 91, 92,
93, 94, 95, 88]], "five": [[60, 61, 62, 63, 64, 65, 66, 67], [68, 69, 70, 71, 72, 73, 74, 75], [54], [76], [82]],
"box_source": "tight"}, {"name": "lapa106", "names": ["jaw_0", "jaw_1", "jaw_2", "jaw_3", "jaw_4", "jaw_5", "jaw_6",
"jaw_7", "jaw_8", "jaw_9", "jaw_10", "jaw_11", "jaw_12", "jaw_13", "jaw_14", "jaw_15", "jaw_16", "jaw_17", "jaw_18",
"jaw_19", "jaw_20", "jaw_21", "jaw_22", "jaw_23", "jaw_24", "jaw_25", "jaw_26", "jaw_27", "jaw_28", "jaw_29",
"jaw_30", "jaw_31", "jaw_32", "left_brow_0", "left_brow_1", "left_brow_2", "left_brow_3", "left_brow_4",
"left_brow_5", "left_brow_6", "left_brow_7", "left_brow_8", "right_brow_0", "right_brow_1", "right_brow_2",
"right_brow_3", "right_brow_4", "right_brow_5", "right_brow_6", "right_brow_7", "right_brow_8", "nose_bridge_0",
"nose_bridge_1", "nose_bridge_2", "nose_bridge_3", "nostrils_0", "nostrils_1", "nostrils_2", "nostrils_3",
"nostrils_4", "nostrils_5", "nostrils_6", "nostrils_7", "nostrils_8", "nostrils_9", "nostrils_10", "left_eye_0",
"left_eye_1", "left_eye_2", "left_eye_3", "left_eye_4", "left_eye_5", "left_eye_6", "left_eye_7", "left_eye_center",
"right_eye_0", "right_eye_1", "right_eye_2", "right_eye_3", "right_eye_4", "right_eye_5", "right_eye_6",
"right_eye_7", "right_eye_center", "outer_lips_0", "outer_lips_1", "outer_lips_2", "outer_lips_3", "outer_lips_4",
"outer_lips_5", "outer_lips_6", "outer_lips_7", "outer_lips_8", "outer_lips_9", "outer_lips_10", "outer_lips_11",
"inner_lips_0", "inner_lips_1", "inner_lips_2", "inner_lips_3", "inner_lips_4", "inner_lips_5", "inner_lips_6",
"inner_lips_7", "left_pupil", "right_pupil"], "flip": [32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17,
16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 46, 45, 44, 43, 42, 50, 49, 48, 47, 37, 36, 35, 34, 33, 41,
40, 39, 38, 51, 52, 53, 54, 65, 64, 63, 62, 61, 60, 59, 58, 57, 56, 55, 79, 78, 77, 76, 75, 82, 81, 80, 83, 70, 69,
68, 67, 66, 73, 72, 71, 74, 90, 89, 88, 87, 86, 85, 84, 95, 94, 93, 92, 91, 100, 99, 98, 97, 96, 103, 102, 101, 105,
104], "normalisers": {"inter_ocular": [[66], [79]], "inter_pupil": [[104], [105]]}, "lines": [[0, 1, 2, 3, 4, 5, 6, 7,
8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32], [33, 34, 35, 36,
37, 38, 39, 40, 41, 33], [42, 43, 44, 45, 46, 47, 48, 49, 50, 42], [51, 52, 53, 54], [55, 56, 57, 58, 59, 60, 61, 62,
63, 64, 65], [66, 67, 68, 69, 70, 71, 72, 73, 66], [75, 76, 77, 78, 79, 80, 81, 82, 75], [84, 85, 86, 87, 88, 89, 90,
91, 92, 93, 94, 95, 84], [96, 97, 98, 99, 100, 101, 102, 103, 96]], "five": [[66, 67, 68, 69, 70, 71, 72, 73], [75,
76, 77, 78, 79, 80, 81, 82], [54], [84], [90]], "box_source": "tight"}]
"""
}
