namespace Relaybox.Substitutes.Tests.RuntimeApi;

/// <summary>Sets variables of this process until it is disposed. Tests that use it are in one collection.</summary>
public sealed class EnvironmentVariables : IDisposable
{
    public const string Collection = "environment";

    private readonly (string Name, string? Value)[] _before;

    public EnvironmentVariables(params (string Name, string? Value)[] variables)
    {
        _before = [.. variables.Select(variable => (variable.Name, Environment.GetEnvironmentVariable(variable.Name)))];
        Set(variables);
    }

    public void Dispose() => Set(_before);

    private static void Set((string Name, string? Value)[] variables)
    {
        foreach (var (name, value) in variables)
        {
            Environment.SetEnvironmentVariable(name, value);
        }
    }
}
