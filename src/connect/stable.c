/* SPDX-License-Identifier: Apache-2.0 */
#include "connect/stable.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "seamfs/base/mem.h"

/* FNV-1a, finished by the mixer of splitmix64 so that all bits depend on all bytes. */
uint64_t stable_hash(const char *text, uint64_t seed)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325) ^ seed;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	h = (h ^ (h >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	h = (h ^ (h >> 27)) * UINT64_C(0x94d049bb133111eb);
	return h ^ (h >> 31);
}

/* 32 hexadecimal digits, dashes between them ignored. */
static _Bool hex_digits(const char *key, char digits[33])
{
	int n = 0;

	for (; *key; key++) {
		if (*key == '-')
			continue;
		if (n == 32 || !isxdigit((unsigned char)*key))
			return 0;
		digits[n++] = (char)tolower((unsigned char)*key);
	}
	digits[n] = '\0';
	return n == 32;
}

char *stable_uuid(const char *key, char ret[STABLE_UUID_SIZE])
{
	char d[33];

	if (!hex_digits(key, d)) {
		snprintf(d, sizeof(d), "%016" PRIx64 "%016" PRIx64, stable_hash(key, 0), stable_hash(key, 1));
		/* Version "random", what a hash looks like; older tools refuse "custom". Then the variant. */
		d[12] = '4';
		d[16] = "89ab"[d[16] & 3];
	}
	snprintf(ret, STABLE_UUID_SIZE, "%.8s-%.4s-%.4s-%.4s-%.12s", d, d + 8, d + 12, d + 16, d + 20);
	return ret;
}

static _Bool place(struct id_set *s, uint64_t hash)
{
	for (size_t i = hash & (s->size - 1);; i = (i + 1) & (s->size - 1)) {
		if (s->slots[i] == hash)
			return 0;
		if (s->slots[i] == 0) {
			s->slots[i] = hash;
			return 1;
		}
	}
}

_Bool id_set_add(struct id_set *s, const char *id)
{
	uint64_t hash = stable_hash(id, 0) | 1; /* 0 marks a free slot */
	_Bool added;

	if (s->count * 2 >= s->size) {
		struct id_set bigger = {.size = s->size ? s->size * 2 : 256};

		bigger.slots = mem_alloc(bigger.size * sizeof(*bigger.slots));
		for (size_t i = 0; i < s->size; i++) {
			if (s->slots[i])
				place(&bigger, s->slots[i]);
		}
		bigger.count = s->count;
		free(s->slots);
		*s = bigger;
	}
	added = place(s, hash);
	s->count += added;
	return added;
}

void id_set_finish(struct id_set *s)
{
	free(s->slots);
	*s = (struct id_set){0};
}
