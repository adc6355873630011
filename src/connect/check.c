/* SPDX-License-Identifier: Apache-2.0 */
#include "connect/manifest.h"
#include "seamfs/connect/connect.h"

int connect_check_manifest(const char *path, struct err *e)
{
	struct manifest *m = NULL;
	int r = manifest_load(path, NULL, &m, e);

	manifest_free(m);
	return r;
}
