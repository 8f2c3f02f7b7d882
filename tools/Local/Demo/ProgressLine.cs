using System.Diagnostics;

namespace Relaybox.Local.Demo;

/// <summary>
/// Progress on standard error: one line that is written over on a terminal, now and then a line of its own otherwise.
/// </summary>
internal sealed class ProgressLine
{
    private static readonly TimeSpan PlainInterval = TimeSpan.FromSeconds(2);

    private readonly bool _isTerminal = !Console.IsErrorRedirected;
    private readonly Stopwatch _sincePlain = Stopwatch.StartNew();
    private readonly Lock _gate = new();
    private string _shown = "";

    public void Update(string text)
    {
        lock (_gate)
        {
            if (text == _shown)
            {
                return;
            }

            if (_isTerminal)
            {
                Console.Error.Write($"\r\u001b[K{text}");
                _shown = text;
            }
            else if (_shown.Length == 0 || _sincePlain.Elapsed > PlainInterval)
            {
                Console.Error.WriteLine(text);
                _shown = text;
                _sincePlain.Restart();
            }
        }
    }

    /// <summary>Takes the progress off the terminal, so that something else can be printed there.</summary>
    public void End()
    {
        lock (_gate)
        {
            if (_isTerminal && _shown.Length > 0)
            {
                Console.Error.Write("\r\u001b[K");
            }

            _shown = "";
        }
    }

    /// <summary>A line that stays.</summary>
    public void Say(string text)
    {
        lock (_gate)
        {
            Console.Error.WriteLine(_isTerminal && _shown.Length > 0 ? $"\r\u001b[K{text}" : text);
            _shown = "";
        }
    }
}
