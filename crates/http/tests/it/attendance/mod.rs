mod cast;
mod dashboard;
mod goals;
mod health;
mod jobs;
mod outside;
mod refresh;
mod statistics;
