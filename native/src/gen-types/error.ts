// SPDX-License-Identifier: Apache-2.0

/** What was given cannot become TypeScript; the message names the type and member, or what is wrong with the file. */
export class GenTypesError extends Error {
  override readonly name = 'GenTypesError'
}
