using System.Diagnostics;

namespace Relaybox.Local.Processes;

/// <summary>
/// A child in a process group of its own (so that Ctrl-C reaches the runner alone, which then stops its children in
/// order), whose output comes line by line and whose end is a task.
/// </summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private static readonly string? NewSession = Executables.Find("setsid");

    private readonly Process _process;
    private readonly TaskCompletionSource<int> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ChildProcess(Process process) => _process = process;

    public int Id { get; private set; }

    /// <summary>Completes with the exit code; a signal is reported as 128 + its number.</summary>
    public Task<int> Exited => _exited.Task;

    /// <summary>
    /// Starts a program. Its environment is the given one and nothing else (null inherits this process's); its
    /// standard input stays open until this process ends; each line of output and errors is passed on, from several
    /// threads.
    /// </summary>
    public static ChildProcess Start(
        string program,
        IEnumerable<string> arguments,
        string? workingDirectory,
        IReadOnlyDictionary<string, string>? environment,
        Action<string> onLine)
    {
        var start = new ProcessStartInfo(NewSession ?? program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = workingDirectory ?? Environment.CurrentDirectory,
        };
        if (NewSession is not null)
        {
            start.ArgumentList.Add(program);
        }

        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        if (environment is not null)
        {
            start.Environment.Clear();
            foreach (var (name, value) in environment)
            {
                start.Environment[name] = value;
            }
        }

        var process = new Process { StartInfo = start, EnableRaisingEvents = true };
        var child = new ChildProcess(process);
        process.OutputDataReceived += (_, line) => Pass(line.Data);
        process.ErrorDataReceived += (_, line) => Pass(line.Data);
        process.Exited += (_, _) => child.OnExit();
        if (!process.Start())
        {
            throw new RunnerException($"{program} could not be started.");
        }

        child.Id = process.Id;
        OrphanGuard.Watch(child.Id);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return child;

        void Pass(string? line)
        {
            if (line is not null)
            {
                onLine(line);
            }
        }
    }

    /// <summary>Ends the process and what it started, at once.</summary>
    public void Kill()
    {
        if (!_exited.Task.IsCompleted && !(NewSession is not null && Signals.Send(-Id, Signals.Kill)))
        {
            Signals.Send(Id, Signals.Kill);
        }
    }

    /// <summary>Asks the process to end, and kills it when it has not done so in time.</summary>
    public async Task StopAsync(TimeSpan grace, int signal = Signals.Terminate)
    {
        if (!await TryStopAsync(grace, signal))
        {
            Kill();
            await _exited.Task;
        }
    }

    /// <summary>Asks the process to end.</summary>
    /// <returns>Whether it did so in time.</returns>
    public async Task<bool> TryStopAsync(TimeSpan grace, int signal)
    {
        if (!_exited.Task.IsCompleted)
        {
            Signals.Send(Id, signal);
        }

        return await Task.WhenAny(_exited.Task, Task.Delay(grace, TimeProvider.System)) == _exited.Task;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.FromSeconds(3));
        _process.Dispose();
    }

    private void OnExit()
    {
        OrphanGuard.Forget(Id);
        _exited.TrySetResult(_process.ExitCode);
    }
}
