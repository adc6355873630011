/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decimal - exact decimals and money.        Threads: any.
 *
 * A decimal is mantissa x 10^-scale. Money is a count of minor units of a currency (ISO 4217): 1200.50 EUR
 * is 120050, 1200 JPY is 1200. Nothing here passes through a double.
 */
#pragma once

#include <stdint.h>

struct decimal {
	int64_t mantissa;
	unsigned scale; /* 0 to 18 digits behind the point */
};

/* decimal_parse - "-12.50", "1e3". 0, -EINVAL for anything else, -ERANGE when it does not fit. */
int decimal_parse(const char *text, struct decimal *ret);

/* decimal_format - shortest form without exponent: "12.5", "1000", "-0.25" */
#define DECIMAL_SIZE 48
char *decimal_format(struct decimal d, char text[DECIMAL_SIZE]);

/* currency_digits - digits behind the point of an ISO 4217 code: 2 for EUR, 0 for JPY, 3 for KWD; 2 when unknown */
unsigned currency_digits(const char *currency);

/* currency_valid - three capital letters */
_Bool currency_valid(const char *currency);

/**
 * money_parse - minor units out of "1200.50"
 *
 * Zeros behind the currency's digits are fine ("1200.5000" EUR). Returns 0, -EINVAL for what is no number,
 * -EDOM for more decimals than the currency has, -ERANGE when it does not fit.
 */
int money_parse(const char *text, const char *currency, int64_t *ret_minor);

/* money_format - with exactly the currency's decimals: 120050 EUR is "1200.50" */
char *money_format(int64_t minor, const char *currency, char text[DECIMAL_SIZE]);

/**
 * decimal_times - @minor x @factor, rounded half away from zero to whole minor units
 *
 * Returns 0 or -ERANGE.
 */
int decimal_times(int64_t minor, struct decimal factor, int64_t *ret_minor);
