/* SPDX-License-Identifier: Apache-2.0 */
/* http_status - what the statuses of HTTP mean to us.        Threads: any. */
#pragma once

#include "seamfs/net/http.h"

/* http_status_refused - as http_refused(), of the tool that is called so */
int http_status_refused(const char *tool, const struct http_answer *a, struct err *e);
