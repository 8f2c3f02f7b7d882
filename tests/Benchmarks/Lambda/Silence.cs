using Relaybox.Local.Output;

namespace Relaybox.Benchmarks.Lambda;

/// <summary>Says nothing but errors: what is printed would take its time from what is measured.</summary>
internal sealed class Silence : ILiveOutput
{
    public void FunctionLine(string function, string line)
    {
    }

    public void Information(string text)
    {
    }

    public void Warning(string text)
    {
    }

    public void Error(string text) => Console.Error.WriteLine($"  {text}");
}
