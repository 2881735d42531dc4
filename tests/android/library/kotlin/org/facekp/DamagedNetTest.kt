package org.facekp

import org.junit.Test

/** Damaged files that the reader of metadata takes, since what it reads is whole. */
class DamagedNetTest {
    @Test fun theEngineRefusesThem() {
        for (case in tables((Vectors.of("documents") as Map<*, *>)["files"])) {
            val data = fileOf(case)
            if (case["name"] == null && readName(data) != null) refusal { Engine(data, Options()).close() }
        }
    }
}
