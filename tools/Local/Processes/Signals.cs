using System.Runtime.InteropServices;

namespace Relaybox.Local.Processes;

/// <summary>The one system call that .NET's <see cref="System.Diagnostics.Process"/> lacks.</summary>
internal static partial class Signals
{
    public const int Interrupt = 2;
    public const int Quit = 3;
    public const int Kill = 9;
    public const int Terminate = 15;
    public const int Continue = 18;
    public const int Stop = 19;

    /// <summary>Sends a signal; a negative pid means the process group. False when nobody was there.</summary>
    public static bool Send(int pid, int signal) => SendSignal(pid, signal) == 0;

    public static bool Exists(int pid) => Send(pid, 0);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int pid, int signal);
}
