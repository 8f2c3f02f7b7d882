namespace Amazon.Lambda.Annotations.Schedule;

/// <summary>Declares the schedule that starts a function: a rate or a cron expression.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = false)]
public class ScheduleEventAttribute(string schedule) : Attribute
{
    public string Schedule { get; set; } = schedule;

    // The official attribute makes a name up where none is set.
    public string ResourceName { get; set; }

    public string Description { get; set; }

    public string Input { get; set; }

    public bool Enabled { get; set; } = true;
}
