/* Stands for the sources of a test that this build leaves out (flexai_gtest): the target exists, and is never built. */
