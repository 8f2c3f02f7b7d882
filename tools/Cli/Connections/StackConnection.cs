using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Amazon;
using Relaybox.Cli.Output;
using Relaybox.Functions.Hosting;
using Relaybox.Functions.Operate;
using Relaybox.Operations;

namespace Relaybox.Cli.Connections;

/// <summary>
/// Works by the function Operate of a stack, which it invokes by the alias that a request needs. Lambda's Invoke is signed as the SDK's clients
/// sign; see https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
/// </summary>
internal sealed partial class StackConnection : IOperatorConnection
{
    private const int MostTries = 6;

    private static readonly TimeSpan FirstRest = TimeSpan.FromMilliseconds(250);

    private readonly string _function;
    private readonly AwsApi _lambda;
    private readonly AwsApi _scheduler;

    private StackConnection(string stack, AwsAccess access)
    {
        _function = $"{stack}-Operate";
        _lambda = new AwsApi(access, "lambda", "Lambda");
        _scheduler = new AwsApi(access, "scheduler", "EventBridge Scheduler");
        Sources = new EventSources(_lambda, stack);
        Schedules = new Schedules(_scheduler, stack);
    }

    /// <inheritdoc />
    public bool GoesOnAlone => true;

    /// <inheritdoc />
    public EventSources? Sources { get; }

    /// <inheritdoc />
    public Schedules? Schedules { get; }

    /// <param name="stack">The stack's name.</param>
    /// <param name="profile">A profile of the AWS config and credentials files; null: the environment's.</param>
    /// <param name="region">A region; null: the environment's, or the profile's.</param>
    /// <exception cref="CliException">What was typed cannot be, or no region is known.</exception>
    internal static StackConnection Open(string stack, string? profile, string? region) => StackName().IsMatch(stack)
        ? new StackConnection(stack, new AwsAccess(profile, region))
        : throw new CliException(ExitCodes.WrongUse, "--stack: a stack's name has letters, digits and dashes, and begins with a letter.");

    /// <inheritdoc />
    public async Task<OperateAnswer> AskAsync(OperateRequest request, CancellationToken cancellationToken)
    {
        var alias = OperateAlias.For(request);
        var body = JsonSerializer.SerializeToUtf8Bytes(request with { Caller = Caller.Name }, OperationsJsonContext.Default.OperateRequest);
        for (var attempt = 1; ; attempt++)
        {
            using var response = await _lambda.SendAsync(
                HttpMethod.Post, $"/2015-03-31/functions/{_function}/invocations?Qualifier={alias}", body, cancellationToken);
            if (response.StatusCode == HttpStatusCode.TooManyRequests && attempt < MostTries)
            {
                // It was not run.
                await Task.Delay(FirstRest * (1 << attempt), TimeProvider.System, cancellationToken);
                continue;
            }

            return await ReadAsync(alias, response, cancellationToken);
        }
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync()
    {
        _lambda.Dispose();
        _scheduler.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<OperateAnswer> ReadAsync(string alias, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var text = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            throw new CliException(
                ExitCodes.OutOfReach,
                AwsApi.Explain(response) ?? Explain(alias, (int)response.StatusCode, AwsApi.CodeOf(response)));
        }

        if (response.Headers.Contains("X-Amz-Function-Error"))
        {
            throw new CliException(
                ExitCodes.OutOfReach,
                $"The function {_function} failed: {ErrorOf(text)} Its log says more: aws logs tail /aws/lambda/{_function} --since 10m");
        }

        try
        {
            var answer = JsonSerializer.Deserialize(text, OperationsJsonContext.Default.OperateAnswer)!;
            return answer.Problem is { } problem
                ? throw new CliException(problem == OperatorDesk.SetupMissing ? ExitCodes.OutOfReach : ExitCodes.WrongUse, problem)
                : answer;
        }
        catch (JsonException exception)
        {
            throw new CliException(
                ExitCodes.OutOfReach, $"{_function} answered in a form that this version does not know. Take the version of the stack.", exception);
        }
    }

    private string Explain(string alias, int status, string code) => code switch
    {
        "AccessDeniedException" =>
            $"You may not invoke the alias '{alias}' of {_function}. Ask for lambda:InvokeFunction on "
            + $"arn:{RegionEndpoint.GetBySystemName(_lambda.Region).PartitionName}:lambda:{_lambda.Region}:ACCOUNT:function:{_function}:{alias}, "
            + "which is an output of the stack.",
        "ResourceNotFoundException" =>
            $"There is no function {_function} with the alias '{alias}' in {_lambda.Region}. Check --stack, --region and --profile; "
            + "a stack that was deployed before Operate came needs a deployment.",
        _ when status == (int)HttpStatusCode.TooManyRequests =>
            $"Lambda has no room to run {_function} ({code}): too many functions run at once. Try again in a moment.",
        _ =>
            $"Lambda answered {status} ({code}) for {_function}. Try again; if it stays, look the code up in the Invoke page of Lambda's API "
            + "reference.",
    };

    // What the functions and Lambda say of an error holds no content of rows: FunctionFailedException.
    private static string ErrorOf(byte[] text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.TryGetProperty("errorMessage", out var message) && message.GetString() is { Length: > 0 } said
                ? $"{said.TrimEnd('.')}."
                : "it did not say why.";
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return "it did not say why.";
        }
    }

    [GeneratedRegex("^[A-Za-z][A-Za-z0-9-]{0,127}$")]
    private static partial Regex StackName();
}
