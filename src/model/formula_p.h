/* SPDX-License-Identifier: Apache-2.0 */
/* formula_p - the inside of model/formula.        Threads: any. */
#pragma once

#include "seamfs/model/formula.h"

enum { FORMULA_MAX_ARGUMENTS = 4 };

/* formula_call - calls a function by name; the arguments are borrowed. 0, or -errno with a sentence. */
int formula_call(const char *name, const struct value *args, int count, const struct formula_env *env,
	struct value *ret, struct err *e);

/* formula_known - whether there is a function of that name */
_Bool formula_known(const char *name);

/* value_sum - @sign 1: a + b, -1: a - b; value_product - a * b; value_quotient - a / b */
int value_sum(const struct value *a, const struct value *b, int sign, struct value *ret, struct err *e);
int value_product(const struct value *a, const struct value *b, struct value *ret, struct err *e);
int value_quotient(const struct value *a, const struct value *b, struct value *ret, struct err *e);

/* value_whole - a whole number of at most six digits. 0 or -EINVAL. */
int value_whole(const struct value *v, int64_t *ret);
