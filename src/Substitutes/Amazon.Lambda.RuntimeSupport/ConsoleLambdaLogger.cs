using Amazon.Lambda.Core;

namespace Amazon.Lambda.RuntimeSupport;

/// <summary>Standard output is the function's log.</summary>
internal sealed class ConsoleLambdaLogger : ILambdaLogger
{
    public static readonly ConsoleLambdaLogger Instance = new();

    public void Log(string message) => Console.Write(message);

    public void LogLine(string message) => Console.WriteLine(message);
}
