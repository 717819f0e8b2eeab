/*
 * The files of the status page, status.css and so on. They are part of the program, which then
 * needs no directory to find them in; the build makes these functions of them.
 */
#pragma once

#include "lib/slice.h"

struct slice status_css(void);
struct slice status_js(void);
struct slice status_svg(void);
