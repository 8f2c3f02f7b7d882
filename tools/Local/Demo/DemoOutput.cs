using Relaybox.Local.Output;

namespace Relaybox.Local.Demo;

/// <summary>Everything goes to a log file; only what is out of the ordinary interrupts the progress.</summary>
internal sealed class DemoOutput(ProgressLine progress, string logPath) : ILiveOutput, IDisposable
{
    private readonly TextWriter _log = TextWriter.Synchronized(new StreamWriter(logPath, append: false) { AutoFlush = true });

    /// <summary>Whether warnings, too, go to the log alone.</summary>
    public bool IsQuiet { get; init; }

    public void FunctionLine(string function, string line) => _log.WriteLine($"{function,-12} {line}");

    public void Information(string text) => _log.WriteLine($"{"relaybox",-12} {text}");

    public void Warning(string text) => Interrupt(text);

    public void Error(string text) => Interrupt(text);

    public void Dispose() => _log.Dispose();

    private void Interrupt(string text)
    {
        Information(text);
        if (!IsQuiet)
        {
            progress.Say(text);
        }
    }
}
