import { describe, expect, test } from '@jest/globals';
import { parseLitmus } from '../../src/litmus/file.js';
import { resultText } from '../../src/litmus/result-text.js';
import { runLitmus } from '../../src/litmus/run.js';

const mp = `AArch64 MP+dmb.ish+po
"what diy says of it"
(* a comment (* and one in it *)
   Result: Sometimes *)
{ uint64_t x=0; y;
  0:X1=x; 0:X3=y; 1:X1=y; 1:X3=x; }
 P0          | P1          ;
 MOV W0,#1   | LDR W0,[X1] ;
 STR W0,[X1] | LDR W2,[X3] ;
 DMB ISH     |             ;
 MOV W2,#1   |             ;
 STR W2,[X3] |             ;
locations [x;]
exists (1:X0=1 /\\ 1:X2=0)
`;

function run(text: string): string {
  return resultText(runLitmus(parseLitmus('a.litmus', text)));
}

test('a test is printed as herd does', () => {
  expect(run(mp)).toBe(`Test MP+dmb.ish+po Allowed
States 4
1:X0=0; 1:X2=0; x=1;
1:X0=0; 1:X2=1; x=1;
1:X0=1; 1:X2=0; x=1;
1:X0=1; 1:X2=1; x=1;
Ok
Witnesses
Positive: 1 Negative: 3
Condition exists (1:X0=1 /\\ 1:X2=0)
Observation MP+dmb.ish+po Sometimes 1 3
Memory arm64
`);
});

const one = (code: string, condition: string, init = '0:X1=x; 0:X2=1; x=5;'): string =>
  `AArch64 one\n{ ${init} }\n P0 ;\n${code
    .split('\n')
    .map((line) => ` ${line} ;\n`)
    .join('')}${condition}\n`;

describe('of one thread', () => {
  test.each<[string, string, string?]>([
    ['LDADD W2,W3,[X1]', 'forall (x=6 /\\ 0:X3=5)'],
    ['LDSET W2,W3,[X1]\nLDEOR W2,W4,[X1]', 'forall (x=4 /\\ 0:X4=5)'],
    ['LDCLR W2,W3,[X1]', 'forall (x=4)'],
    ['MOV W3,#5\nCAS W3,W2,[X1]', 'forall (x=1 /\\ 0:X3=5)'],
    ['MOV W3,#4\nCASAL W3,W2,[X1]', 'forall (x=5 /\\ 0:X3=5)'],
    ['SWPAL W2,WZR,[X1]', 'forall x=1'],
    ['CMP W2,#1\nB.NE out\nMOV W3,#7\nout: NOP', 'forall 0:X3=7'],
    ['CBZ W2,out\nMOV W3,#7\nout:', 'forall 0:X3=7'],
    ['B out\nMOV W3,#7\nout:', 'forall ~(0:X3=7)'],
    ['SUB W3,W2,#3\nAND W4,W2,#3\nORR W5,W2,#6', 'forall (0:X3=-2 /\\ 0:X4=1 /\\ 0:X5=7)'],
    ['LDR X3,[X1]\nLDAPR W4,[X3]', 'forall (0:X3=y /\\ 0:X4=9)', '0:X1=x; x=y; y=9;'],
    ['STLR W2,[X1]\nDMB ISHLD\nDSB SY\nISB', 'forall (x=1 \\/ false=1)'],
  ])('%s: %s', (code, condition, init) => {
    expect(run(one(code, condition, init))).toMatch(/\nOk\n/);
  });
});

describe('a file that is not understood is refused, and where', () => {
  test.each([
    ['Mips X\n{}\n P0 ;\nexists true', '1:1: architecture Mips is not read: X86 and AArch64 are'],
    ['', '1:1: expected an architecture and a name, such as AArch64 MP'],
    ['X86 a\n{}\n P0 ;\n', '4:1: expected exists, ~exists or forall'],
    ['X86 a\n{}\n P1 ;\nexists true', '3:2: expected P0'],
    ['X86 a\n{}\n P0 ;\n NOP | NOP ;\nexists true', '4:8: expected ;, for there are 1 threads'],
    ['X86 a\n{ x==1; }\n P0 ;\nexists true', '2:3: expected a first value, such as x=1 or 0:X1=x, not x==1'],
    ['X86 a\n{ 3:EAX=1; }\n P0 ;\nexists true', '2:3: there is no thread 3'],
    ['X86 a\n{}\n P0 ;\n MOV [x],$1 ;\n HLT ;\nexists true', '5:2: unknown instruction HLT'],
    ['X86 a\n{}\n P0 ;\n MOV [x],[y] ;\nexists true', '4:2: unknown instruction MOV [x],[y]'],
    [
      'X86 a\n{}\n P0 ;\n MOV [x],foo ;\nexists true',
      '4:10: expected a register, a number or a word, such as EAX, $1 or [x], not foo',
    ],
    ['X86 a\n{}\n P0 ;\n NOP ;\nexists (x=1 /\\ )', '5:16: expected a word, a register or a value'],
    ['X86 a\n{}\n P0 ;\n NOP ;\nexists (x=1', '5:12: expected )'],
    ['X86 a\n{}\n P0 ;\n NOP ;\nexists x=1 y', '5:12: expected /\\, \\/ or the end of the condition'],
    [one('LDXR W3,[X1]', 'exists true'), '4:2: unknown instruction LDXR'],
    [one('LDR W3,[1]', 'exists true'), '4:9: expected an address, such as [X1] or [X1,W2,SXTW], not [1]'],
    [one('MOV W3', 'exists true'), '4:8: expected a register or an immediate value, such as #1'],
    [one('MOV W3,#1,#2', 'exists true'), '4:12: expected the end of the instruction, not #2'],
  ])('%j', (text, message) => {
    expect(() => parseLitmus('a.litmus', text)).toThrow(`a.litmus:${message}`);
  });
});
