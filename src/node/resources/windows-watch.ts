import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { othersApp } from './desktop.ts';
import { within } from './figure.ts';
import { type FollowedTool, followTool } from './followed-tool.ts';
import type { InterfaceCount } from './interface-rates.ts';
import type { Machine } from './machine.ts';
import type { ProcessRow } from './own-processes.ts';

const everyMs = 15_000;

/** What Windows tells of itself. Unknown is null; `processes` comes every second time. */
export interface WindowsWord {
  idleSeconds: number | null;
  onBattery: boolean | null;
  batteryPercent: number | null;
  fullScreenApp: string | null;
  isMetered: boolean | null;
  network: InterfaceCount | null;
  processes: ProcessRow[] | null;
}

const figure = z.number().nullish();
const wordSchema = z.object({
  idleMs: figure,
  line: z.string().nullish(),
  percent: figure,
  screen: figure,
  front: z.string().nullish(),
  cost: z.string().nullish(),
  network: z.tuple([z.string(), z.number().min(0), z.number().min(0)]).nullish(),
  processes: z.array(z.tuple([z.number(), z.number(), z.number(), z.number(), z.string()])).nullish(),
});
/** `QUNS_BUSY`, `QUNS_RUNNING_D3D_FULL_SCREEN` and `QUNS_PRESENTATION_MODE` of SHQueryUserNotificationState. */
const fullScreenStates = [2, 3, 4];
/** Windows counts time of the processor in these. */
const ticksPerSecond = 1e7;

/** One line of the script below. Null for nonsense. */
export function parseWindowsWord(line: string): WindowsWord | null {
  let document: unknown;
  try {
    document = JSON.parse(line);
  } catch {
    return null;
  }
  const parsed = wordSchema.safeParse(document);
  if (!parsed.success) return null;
  const { idleMs, line: powerLine, percent, screen, front, cost, network, processes } = parsed.data;
  const idle = within(idleMs, 0, 2 ** 32);
  const isFull = fullScreenStates.includes(screen ?? 0);
  return {
    idleSeconds: idle === null ? null : Math.floor(idle / 1000),
    onBattery: powerLine === 'Online' ? false : powerLine === 'Offline' ? true : null,
    batteryPercent: within(percent, 0, 100),
    fullScreenApp: isFull && front ? othersApp(front.slice(0, 200)) : null,
    isMetered: cost === 'Unrestricted' ? false : cost === 'Fixed' || cost === 'Variable' ? true : null,
    network: network ? { name: network[0], receivedBytes: network[1], sentBytes: network[2] } : null,
    processes:
      processes?.map(([pid, parentPid, ticks, residentBytes, name]) => ({
        pid,
        parentPid,
        cpuSeconds: Math.max(0, ticks) / ticksPerSecond,
        residentBytes: Math.max(0, residentBytes),
        startedAt: '',
        name,
      })) ?? null,
  };
}

/** Windows by one PowerShell that is kept running: starting one takes half a second of the processor. */
export function watchWindows(machine: Machine, clock: Clock): FollowedTool<WindowsWord> {
  let processes: ProcessRow[] | null = null;
  return followTool({
    machine,
    clock,
    tool: 'powershell.exe',
    args: ['-NoProfile', '-NonInteractive', '-Command', script],
    everyMs,
    isWhole: () => true,
    parse(lines) {
      const word = parseWindowsWord(lines.at(-1) ?? '');
      processes = word?.processes ?? processes;
      return word && { ...word, processes };
    },
  });
}

/** For Windows PowerShell 5.1, which every Windows 10 and 11 has. What fails is left out; a closed pipe ends it. */
const script = `
$ErrorActionPreference = 'SilentlyContinue'
Add-Type -AssemblyName System.Windows.Forms
Add-Type -Name Api -Namespace Solanalm -MemberDefinition @'
[StructLayout(LayoutKind.Sequential)] public struct Last { public uint Size; public uint Time; }
[DllImport("user32.dll")] public static extern bool GetLastInputInfo(ref Last last);
[DllImport("user32.dll")] public static extern System.IntPtr GetForegroundWindow();
[DllImport("user32.dll")] public static extern uint GetWindowThreadProcessId(System.IntPtr window, out uint pid);
[DllImport("shell32.dll")] public static extern int SHQueryUserNotificationState(out int state);
public static long Idle() { var last = new Last(); last.Size = 8; if (!GetLastInputInfo(ref last)) return -1;
  return unchecked((uint)System.Environment.TickCount - last.Time); }
public static int Screen() { int state; return SHQueryUserNotificationState(out state) == 0 ? state : 0; }
public static uint Front() { uint pid; GetWindowThreadProcessId(GetForegroundWindow(), out pid); return pid; }
'@
[void][Windows.Networking.Connectivity.NetworkInformation,Windows.Networking.Connectivity,ContentType=WindowsRuntime]
$turn = 0
while ($true) {
  $word = @{}
  $word.idleMs = [Solanalm.Api]::Idle()
  $power = [System.Windows.Forms.SystemInformation]::PowerStatus
  $word.line = [string]$power.PowerLineStatus
  if ($power.BatteryChargeStatus -notmatch 'NoSystemBattery|Unknown') { $word.percent = [math]::Round($power.BatteryLifePercent * 100) }
  $word.screen = [Solanalm.Api]::Screen()
  $word.front = (Get-Process -Id ([Solanalm.Api]::Front())).ProcessName
  $word.cost = [string][Windows.Networking.Connectivity.NetworkInformation]::GetInternetConnectionProfile().GetConnectionCost().NetworkCostType
  $card = [System.Net.NetworkInformation.NetworkInterface]::GetAllNetworkInterfaces() | Where-Object {
    $_.OperationalStatus -eq 'Up' -and $_.GetIPProperties().GatewayAddresses.Count -gt 0 } | Select-Object -First 1
  if ($card) { $count = $card.GetIPStatistics(); $word.network = @($card.Name, $count.BytesReceived, $count.BytesSent) }
  if ($turn % 2 -eq 0) {
    $word.processes = @(Get-CimInstance Win32_Process -Property ProcessId, ParentProcessId, KernelModeTime, UserModeTime, WorkingSetSize, Name |
      ForEach-Object { , @($_.ProcessId, $_.ParentProcessId, ($_.KernelModeTime + $_.UserModeTime), $_.WorkingSetSize, $_.Name) })
  }
  try { [Console]::Out.WriteLine((ConvertTo-Json $word -Compress -Depth 4)); [Console]::Out.Flush() } catch { exit }
  $turn += 1
  Start-Sleep -Seconds ${everyMs / 1000}
}
`;
