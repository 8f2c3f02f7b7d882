using System.Collections.Concurrent;
using Relaybox.Local.Output;

namespace Relaybox.Local.Tests;

/// <summary>Keeps what a person would have seen.</summary>
internal sealed class LinesOutput : ILiveOutput
{
    public ConcurrentQueue<string> Lines { get; } = [];

    public bool Contains(string text) => Lines.Any(line => line.Contains(text, StringComparison.Ordinal));

    public void FunctionLine(string function, string line) => Lines.Enqueue($"{function}: {line}");

    public void Information(string text) => Lines.Enqueue(text);

    public void Warning(string text) => Lines.Enqueue(text);

    public void Error(string text) => Lines.Enqueue(text);
}
