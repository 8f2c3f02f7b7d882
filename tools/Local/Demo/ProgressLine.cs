using System.Diagnostics;

namespace Relaybox.Local.Demo;

/// <summary>
/// Progress on standard error: one line that is written over on a terminal, now and then a line of its own otherwise.
/// </summary>
internal sealed class ProgressLine
{
    private static readonly TimeSpan PlainInterval = TimeSpan.FromSeconds(2);

    private readonly bool isTerminal = !Console.IsErrorRedirected;
    private readonly Stopwatch sincePlain = Stopwatch.StartNew();
    private readonly Lock gate = new();
    private string shown = "";

    public void Update(string text)
    {
        lock (gate)
        {
            if (text == shown)
            {
                return;
            }

            if (isTerminal)
            {
                Console.Error.Write($"\r\u001b[K{text}");
                shown = text;
            }
            else if (shown.Length == 0 || sincePlain.Elapsed > PlainInterval)
            {
                Console.Error.WriteLine(text);
                shown = text;
                sincePlain.Restart();
            }
        }
    }

    /// <summary>Takes the progress off the terminal, so that something else can be printed there.</summary>
    public void End()
    {
        lock (gate)
        {
            if (isTerminal && shown.Length > 0)
            {
                Console.Error.Write("\r\u001b[K");
            }

            shown = "";
        }
    }

    /// <summary>A line that stays.</summary>
    public void Say(string text)
    {
        lock (gate)
        {
            Console.Error.WriteLine(isTerminal && shown.Length > 0 ? $"\r\u001b[K{text}" : text);
            shown = "";
        }
    }
}
