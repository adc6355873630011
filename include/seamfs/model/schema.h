/* SPDX-License-Identifier: Apache-2.0 */
/* schema - JSON Schema (draft 2020-12) of a record's file, printed from the tables of type.h.      Threads: any. */
#pragma once

#include "seamfs/base/buf.h"
#include "seamfs/model/type.h"

int schema_print(const struct type *type, struct buf *b);
