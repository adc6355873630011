/* SPDX-License-Identifier: Apache-2.0 */
/* threeway - merging lists that were changed on both sides.        Threads: any. */
#pragma once

#include <cjson/cJSON.h>

#include "seamfs/model/type.h"

/**
 * threeway_list - TAGS or LINES that became @ours here and @theirs there; any of the three may be NULL (empty)
 *
 * Tags merge as sets. A line is the same line on both sides when it is equal, has the same text, or, where nothing else is
 * left, stands in the same order; the parts of a line merge one by one. Returns the merged list, given to the caller, or NULL
 * when both changed the same thing in different ways.
 */
cJSON *threeway_list(const struct field *f, const cJSON *base, const cJSON *ours, const cJSON *theirs);
