using System.Diagnostics;

namespace Relaybox.Local.Processes;

/// <summary>
/// A small shell that is told every child's pid and kills those that remain when its standard input ends, so that
/// even a `kill -9` of this process leaves nothing behind.
/// </summary>
internal static class OrphanGuard
{
    private const string Script = """
        trap '' INT TERM HUP
        pids=
        while read -r change pid; do
          if [ "$change" = + ]; then pids="$pids $pid"; continue; fi
          rest=
          for p in $pids; do [ "$p" = "$pid" ] || rest="$rest $p"; done
          pids=$rest
        done
        for p in $pids; do kill -KILL "-$p" 2>/dev/null || kill -KILL "$p" 2>/dev/null; done
        """;

    private static readonly Lock Gate = new();
    private static Process? _shell;

    public static void Watch(int pid) => Tell('+', pid);

    public static void Forget(int pid) => Tell('-', pid);

    private static void Tell(char change, int pid)
    {
        lock (Gate)
        {
            try
            {
                _shell ??= Start();
                _shell.StandardInput.Write($"{change} {pid}\n");
                _shell.StandardInput.Flush();
            }
            catch (IOException)
            {
                // Somebody killed the guard; the children are still stopped on every orderly way out.
                _shell = null;
            }
        }
    }

    private static Process Start()
    {
        var start = new ProcessStartInfo("/bin/sh") { RedirectStandardInput = true, UseShellExecute = false };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(Script);
        return Process.Start(start) ?? throw new RunnerException("/bin/sh could not be started.");
    }
}
