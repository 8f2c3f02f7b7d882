using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Relaybox.Testing;
using Relaybox.Testing.Http;
using Relaybox.Testing.RuntimeApi;

namespace Relaybox.Functions.Tests.Hostile;

/// <summary>The executable of the functions as a process of its own, with everything that it prints, and a secret that a test changes.</summary>
internal sealed class FunctionExecutable : IAsyncDisposable
{
    internal const string SecretArn = "arn:aws:secretsmanager:eu-central-1:000000000000:secret:db-AbCdEf";

    private readonly RuntimeApiServer _api = new();
    private readonly ScriptedServer _secrets;
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = [];
    private int _invocations;

    internal FunctionExecutable(string function, IReadOnlyDictionary<string, string> variables)
    {
        _secrets = new ScriptedServer(_ => HttpAnswer.Json(
            200, System.Text.Json.JsonSerializer.Serialize(new Dictionary<string, string> { ["SecretString"] = Secret })));
        var start = new ProcessStartInfo("dotnet")
        {
            ArgumentList = { Path.Combine(AppContext.BaseDirectory, "Relaybox.Functions.dll") },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in new Dictionary<string, string>(variables)
        {
            ["ANNOTATIONS_HANDLER"] = function,
            ["AWS_LAMBDA_RUNTIME_API"] = _api.Authority,
            ["AWS_LAMBDA_DOTNET_DISABLE_MEMORY_LIMIT_CHECK"] = "true",
            ["AWS_ENDPOINT_URL_SECRETS_MANAGER"] = _secrets.Url,
            ["AWS_REGION"] = "us-east-1",
            ["AWS_ACCESS_KEY_ID"] = "local",
            ["AWS_SECRET_ACCESS_KEY"] = "local",
            ["LOG_LEVEL"] = "Trace",
            ["DATABASE_SECRET_ARN"] = SecretArn,
        })
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, e) => Note(e.Data);
        _process.ErrorDataReceived += (_, e) => Note(e.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>What Secrets Manager gives out from now on.</summary>
    internal string Secret { get; set; } = "";

    /// <summary>What the process has printed. It is whole once the process has ended.</summary>
    internal IReadOnlyCollection<string> Lines => _lines;

    internal int SecretReads => _secrets.Requests.Count;

    /// <summary>Invokes the function, and returns the path and the body of what it posts: an answer or an error.</summary>
    internal async Task<string> InvokeAsync(string input, TimeSpan remaining)
    {
        // A start can take longer than the wait for an answer.
        await Eventually.TrueAsync(() => _api.Requests.Count > 0, "the function to start", TimeSpan.FromMinutes(2));
        _api.Enqueue(
            $"r-{Interlocked.Increment(ref _invocations)}",
            Encoding.UTF8.GetBytes(input),
            ("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:test"),
            ("Lambda-Runtime-Deadline-Ms", (DateTimeOffset.UtcNow + remaining).ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture)));
        var answer = await _api.PostAsync();
        return $"{answer.Path} {answer.Text}";
    }

    /// <summary>Ends the process.</summary>
    internal async Task StopAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await StopAsync();
        }

        _process.Dispose();
        await _api.DisposeAsync();
        await _secrets.DisposeAsync();
    }

    private void Note(string? line)
    {
        if (line is not null)
        {
            _lines.Enqueue(line);
        }
    }
}
