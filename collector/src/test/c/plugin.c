/* SPDX-License-Identifier: Apache-2.0 */
/* A library that is loaded late. */
#include "burn.h"

BURNER(plugin_work)
