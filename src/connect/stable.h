/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stable - hashes and ids that are the same for the same text on every machine and in every run.
 * Threads: any.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * stable_hash - 64 bits of @text; another @seed gives an independent value. Not for secrets or hostile input.
 */
uint64_t stable_hash(const char *text, uint64_t seed);

/*
 * stable_uuid - a UUID (RFC 9562) for an idempotency key: its own 32 hexadecimal digits, else 128 bits of its
 * hash
 */
#define STABLE_UUID_SIZE 37
char *stable_uuid(const char *key, char ret[STABLE_UUID_SIZE]);

/* A set of texts by their hash: which ids a listing has shown. Zeroed is empty. */
struct id_set {
	uint64_t *slots; /* 0: free */
	size_t size;	 /* power of two */
	size_t count;
};

/* id_set_add - whether @id was not in the set yet */
_Bool id_set_add(struct id_set *s, const char *id);
void id_set_finish(struct id_set *s);
