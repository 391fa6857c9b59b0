// SPDX-License-Identifier: Apache-2.0
import { OracleError } from './guest.js'
export async function runQemu(
  _job: string,
  _folder: string,
  _seconds: number,
  _kernel?: string,
): Promise<string> {
  throw new OracleError('qemu')
}
