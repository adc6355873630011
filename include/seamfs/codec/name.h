/* SPDX-License-Identifier: Apache-2.0 */
/* name - texts of people as file names that every system takes.        Threads: any. */
#pragma once

#include <stddef.h>

#define NAME_MAX_BYTES 200

/**
 * name_safe - a file name for @text
 *
 * Valid UTF-8 in NFC without control, format, bidi, private or unassigned characters; / \ : * ? " < > | become their
 * full-width look-alikes; no blank at either end, no dot at the end, no leading dot or dash; names that Windows keeps for devices get
 * a "_"; at most @max bytes (NAME_MAX_BYTES at most), cut between characters as people see them; "unnamed" when nothing is left.
 * name_safe(name_safe(x)) is name_safe(x). Given to the caller.
 */
char *name_safe(const char *text, size_t max);

/* name_fold - the form in which two names clash: case-folded NFC. Given to the caller; never NULL. */
char *name_fold(const char *text);

/* name_nfc - @text in NFC, ill-formed bytes as U+FFFD. Given to the caller. */
char *name_nfc(const char *text);
