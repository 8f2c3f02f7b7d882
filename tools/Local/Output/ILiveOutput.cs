namespace Relaybox.Local.Output;

/// <summary>What a person sees while the runner works.</summary>
internal interface ILiveOutput
{
    /// <summary>A line that a function printed.</summary>
    void FunctionLine(string function, string line);

    void Information(string text);

    void Warning(string text);

    void Error(string text);
}
