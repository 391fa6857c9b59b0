// SPDX-License-Identifier: Apache-2.0
// A text in, a reading out, on a host called director-1; and virtual servers that are good in themselves.
import { type Reading, readKeepalived } from '../../../../src/config/keepalived/read.js'
import type { Remark } from '../../../../src/config/keepalived/remarks.js'

export function read(text: string, files: Readonly<Record<string, string>> = {}): Reading {
  return readKeepalived(
    { file: 'keepalived.conf', text },
    {
      configId: 'director-1',
      include: (pattern) => {
        if (pattern === 'unreadable') return 'cannot be read'
        return Object.entries(files).flatMap(([file, text]) => (file === pattern ? [{ file, text }] : []))
      },
    },
  )
}

export function server(
  lines: string,
  head = '192.0.2.10 80',
  real = 'real_server 192.0.2.21 80 {\n}',
): string {
  return `virtual_server ${head} {\nlb_kind DR\nlb_algo rr\nprotocol TCP\n${lines}\n${real}\n}\n`
}

/** 'keepalived.conf:5 cannot: why', those that are used as they stand left out */
export function told({ remarks }: Reading): readonly string[] {
  return remarks.filter(({ verdict }) => verdict !== 'used').map(remarkText)
}

function remarkText({ place, verdict, reason }: Remark): string {
  return `${place.line} ${verdict}: ${reason}`
}
